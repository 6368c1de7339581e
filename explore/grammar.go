package explore

import (
	"fmt"
	"slices"
	"strings"
	"text/template"

	"github.com/bpfsim/bpfsim/model"
)

// verbDocs say what the operations of tasks and programs do.
var verbDocs = []struct{ verb, doc string }{
	{"update", "sets the key's value (BPF_ANY)"},
	{"insert", "sets it if the key is absent (BPF_NOEXIST)"},
	{"delete", "removes the key"},
	{"take", "removes it and gets its value (LOOKUP_AND_DELETE_ELEM)"},
	{"read", "looks the key up, which in a program marks it as used"},
	{"signal", "sends the walker a signal: a dump in progress, or the next one, ends with EINTR, and the walk makes its call again"},
	{"drain", "takes as many records as there is room for, in the place of a key, from the first bucket on (LOOKUP_AND_DELETE_BATCH)"},
	{"write", "looks the value up and writes its words in place, one by one, without a lock"},
}

const grammarText = `A scenario is a text file with a line for each part, in any order. Lines that begin with # are comments.

  map TYPE entries=N value=BYTES [key=BYTES] [FLAG...]
  keys KEY...
  walk WALK room=N [cpu=N] [fault=N]
  task NAME [cpu=N]: OPERATION KEY; OPERATION KEY; ...
  program NAME [cpu=N]: OPERATION KEY; ...
  contract CONTRACT

map       TYPE is {{.Types}}; entries 1 to {{.MaxEntries}}; value 1 to {{.MaxValue}}
          bytes, of per-CPU types a multiple of 8 for each CPU; FLAG is {{.Flags}}.
          Keys are 4 bytes, or key=BYTES, a multiple of 4 up to {{.MaxKey}}, in which the number is repeated; those of lpm_trie are
          prefixes: the binary digits of the number behind its first 1, so that key n covers 2n and 2n+1, and key 1 all. Hash maps are made with BPF_F_ZERO_SEED, so that the order of a walk is always the same.
keys      numbers, put into the map in this order before anything else happens; an array holds zeros without. Each
          value written is another number, in all of its words and in each byte behind them: the first key gets 1, the next one 2, and so on.
walk      the task "walker". Each call has room for so many records, 1 to {{.MaxEntries}}. The records or values of call number fault,
          counted from 1, cannot be written to memory: it ends with EFAULT, and the walk goes on from where it was before.
task      a process that does its operations one after the other while the map is walked; program: a BPF program.
          UPDATE_BATCH and DELETE_BATCH are an update or a delete of several keys: update 3, 22. There can be several of both, each with a NAME of its own. CPUs are numbered from 0 to {{.MaxCPU}}; 0 is the default.
contract  what is asked of each run.

Walks:

{{range .Ways}}  {{printf "%-18s" .Name}} {{.Doc}}{{.Reads}}
{{end}}
Operations:

{{range .Verbs}}  {{printf "%-7s" .Verb}} {{printf "%-15s" .Who}} {{.Doc}}
{{end}}
Contracts:

{{range .Contracts}}  {{printf "%-19s" .Name}} {{.Doc}}
{{end}}
An example, in which an update moves key 1 to the front of its bucket, behind the walk's back:

{{.Example}}
A schedule is a line such as "9:other", which breaks the contract of this example: step 9, counted from 0, is other's, and
others may follow, as in "9:other 11:walker". Where it says nothing the running task goes on or, when that has ended, the
first one that can. "-" is the schedule in which one task after the other runs to its end.
`

const exampleText = `  map hash entries=8 value=8
  keys 1 30
  walk next+lookup room=1 cpu=0
  task other cpu=1: update 1
  contract stable-coverage
`

var grammarTemplate = template.Must(template.New("grammar").Parse(grammarText))

// Grammar says what scenarios and schedules look like, for people.
func Grammar() string {
	type way struct{ Name, Doc, Reads string }
	type verb struct{ Verb, Who, Doc string }
	g := struct {
		Types, Flags, Example                string
		MaxEntries, MaxValue, MaxKey, MaxCPU int
		Ways                                 []way
		Verbs                                []verb
		Contracts                            []model.Contract
	}{
		Types: oneOf(typeWords()), Flags: oneOf(flagWords()), Example: exampleText,
		MaxEntries: maxEntries, MaxValue: maxValue, MaxKey: maxKey, MaxCPU: maxCPUs - 1, Contracts: model.Contracts(),
	}
	for _, w := range Ways() {
		g.Ways = append(g.Ways, way{w.Name, w.Doc, w.reads()})
	}
	for _, v := range verbDocs {
		g.Verbs = append(g.Verbs, verb{v.verb, whoCan(v.verb), v.doc})
	}
	var b strings.Builder
	if err := grammarTemplate.Execute(&b, g); err != nil {
		panic(fmt.Sprintf("explore: grammar: %v", err)) // the template is fixed
	}
	return b.String()
}

// reads names the map types that the way reads, unless it reads all.
func (w Way) reads() string {
	if len(w.Types) == len(Types()) {
		return ""
	}
	var words []string
	for _, t := range w.Types {
		words = append(words, typeWord(t))
	}
	return "; " + oneOf(words)
}

// whoCan names the kinds of tasks that have the operation.
func whoCan(verb string) string {
	switch task, program := slices.Contains(processVerbs, verb), slices.Contains(programVerbs, verb); {
	case task && program:
		return "task, program"
	case task:
		return "task"
	}
	return "program"
}

func flagWords() []string {
	var words []string
	for _, f := range shapeFlags {
		words = append(words, f.word)
	}
	return words
}

func contractNames() []string {
	var names []string
	for _, c := range model.Contracts() {
		names = append(names, c.Name)
	}
	return names
}
