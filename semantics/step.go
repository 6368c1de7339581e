package semantics

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bpfsim/bpfsim/abi"
)

// Step is a line of a statement's program: one call, or something else that happens, and what must come of it.
type Step struct {
	Verb string
	// Name is the map, or the fd, that the step is about or makes.
	Name string
	// Settings are the arguments: fields of attr by their names, and a few words about attr itself (see [Parse]).
	Settings []Setting
	Want     Want
}

// Setting gives a field its value, as text.
type Setting struct{ Field, Text string }

// Want is what must come of a step. A field that is not named may have anything in it after a success, and must not have been
// written after an error.
type Want struct {
	Errno abi.Errno
	// Words are what the verb gives back first: a value, a key, pairs.
	Words []string
	// Fields are named ones.
	Fields []Setting
	// Loose is written after an error as it may be: nobody is promised what is there.
	Loose bool
}

// verb is what a word at the beginning of a line does.
type verb struct {
	cmd abi.Cmd
	// event verbs make no call.
	event bool
	// positional are the fields of the words without a name.
	positional []string
	// own are fields that point to memory of their own, which the call may write.
	own []string
	// file is the field with the fd of Name; names is set where the verb makes Name.
	file  string
	names bool
}

var verbs = map[string]verb{
	"create":        {cmd: abi.MapCreate, positional: []string{"map_type"}, names: true},
	"lookup":        {cmd: abi.MapLookupElem, positional: []string{"key", "value"}, own: []string{"value"}, file: "map_fd"},
	"update":        {cmd: abi.MapUpdateElem, positional: []string{"key", "value", "flags"}, file: "map_fd"},
	"delete":        {cmd: abi.MapDeleteElem, positional: []string{"key"}, file: "map_fd"},
	"next":          {cmd: abi.MapGetNextKey, positional: []string{"key"}, own: []string{"next_key"}, file: "map_fd"},
	"take":          {cmd: abi.MapLookupAndDeleteElem, positional: []string{"key"}, own: []string{"value"}, file: "map_fd"},
	"freeze":        {cmd: abi.MapFreeze, file: "map_fd"},
	"lookup_batch":  {cmd: abi.MapLookupBatch, positional: []string{"count", "in_batch"}, own: []string{"keys", "values", "out_batch"}, file: "map_fd"},
	"take_batch":    {cmd: abi.MapLookupAndDeleteBatch, positional: []string{"count", "in_batch"}, own: []string{"keys", "values", "out_batch"}, file: "map_fd"},
	"update_batch":  {cmd: abi.MapUpdateBatch, positional: []string{"keys", "values"}, file: "map_fd"},
	"delete_batch":  {cmd: abi.MapDeleteBatch, positional: []string{"keys"}, file: "map_fd"},
	"dump":          {cmd: abi.MapDump, positional: []string{"buf_len", "prev_key"}, own: []string{"buf"}, file: "map_fd"},
	"dump_july":     {cmd: abi.MapDumpJuly, positional: []string{"buf_len", "prev_key"}, own: []string{"buf"}, file: "map_fd"},
	"dump_take":     {cmd: abi.MapDumpAndDelete, positional: []string{"buf_len", "prev_key"}, own: []string{"buf"}, file: "map_fd"},
	"info":          {cmd: abi.ObjGetInfoByFD, positional: []string{"info_len"}, own: []string{"info"}, file: "bpf_fd"},
	"pin":           {cmd: abi.ObjPin, positional: []string{"pathname"}, file: "bpf_fd"},
	"get":           {cmd: abi.ObjGet, positional: []string{"pathname"}, names: true},
	"open_id":       {cmd: abi.MapGetFDByID, positional: []string{"map_id"}, names: true},
	"btf":           {cmd: abi.BTFLoad, names: true},
	"next_id":       {cmd: abi.MapGetNextID, positional: []string{"start_id"}},
	"close":         {event: true},
	"dup":           {event: true, positional: []string{"of"}, names: true},
	"foreign":       {event: true, names: true},
	"open":          {event: true, positional: []string{"what"}, names: true},
	"mkdir":         {event: true},
	"unlink":        {event: true},
	"walk":          {cmd: abi.MapGetNextKey, file: "map_fd"},
	"walk_in_order": {cmd: abi.MapGetNextKey, file: "map_fd"},
}

// Cmd is the command that the step calls, false where it calls none.
func (s Step) Cmd() (abi.Cmd, bool) { return verbs[s.Verb].cmd, !verbs[s.Verb].event }

// walks reports whether the step is a whole walk by GET_NEXT_KEY.
func (s Step) walks() bool { return strings.HasPrefix(s.Verb, "walk") }

// get is a setting's text, false where the step has none.
func (s Step) get(field string) (string, bool) {
	at := slices.IndexFunc(s.Settings, func(t Setting) bool { return t.Field == field })
	if at < 0 {
		return "", false
	}
	return s.Settings[at].Text, true
}

// with is s with settings in the place of those of the same fields.
func (s Step) with(settings ...Setting) Step {
	s.Settings = slices.Clone(s.Settings)
	for _, t := range settings {
		if at := slices.IndexFunc(s.Settings, func(old Setting) bool { return old.Field == t.Field }); at >= 0 {
			s.Settings[at] = t
			continue
		}
		s.Settings = append(s.Settings, t)
	}
	return s
}

// String is the line that Parse reads.
func (s Step) String() string {
	words := []string{s.Verb}
	if s.Name != "" {
		words = append(words, s.Name)
	}
	positional := verbs[s.Verb].positional
	for i, t := range s.Settings {
		if i < len(positional) && positional[i] == t.Field {
			words = append(words, t.Text)
			continue
		}
		positional = nil // the rest has names
		words = append(words, t.Field+"="+t.Text)
	}
	if want := s.Want.String(); want != "" {
		words = append(words, "->", want)
	}
	return strings.Join(words, " ")
}

// String is what follows the arrow: nothing for a success of which nothing is asked.
func (w Want) String() string {
	var words []string
	if w.Errno != abi.OK {
		words = append(words, w.Errno.String())
	}
	words = append(words, w.Words...)
	for _, t := range w.Fields {
		words = append(words, fmt.Sprintf("%s=%s", t.Field, t.Text))
	}
	if w.Loose {
		words = append(words, "loose")
	}
	return strings.Join(words, " ")
}
