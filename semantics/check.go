package semantics

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"github.com/bpfsim/bpfsim/abi"
)

// Failure is a step after which something was not as the statement says.
type Failure struct {
	Statement Statement
	Step      int
	Why       string
}

func (f *Failure) Error() string {
	return fmt.Sprintf("%s: %s: %s", f.Statement.Name, f.Statement.Steps[f.Step], f.Why)
}

// Run runs a statement's program on an implementation. The failure is nil where all is as the statement says; the error says why the
// statement could not be asked: the implementation lacks something (ErrUnsupported), or did not answer.
func (s Statement) Run(on Implementation) (failure *Failure, err error) {
	body := func() { failure, err = s.run(on) }
	if k, ok := on.(interface{ Confine(func()) }); ok {
		k.Confine(body)
		return failure, err
	}
	body()
	return failure, err
}

func (s Statement) run(on Implementation) (*Failure, error) {
	r, err := Begin(on, !s.Nobody)
	if err != nil {
		return nil, err
	}
	for i, step := range s.Steps {
		why, err := r.step(step)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", step, err)
		}
		if why != "" {
			return &Failure{s, i, why}, nil
		}
	}
	return nil, nil
}

// step makes a step and says what is not as it wants.
func (r *Session) step(step Step) (why string, err error) {
	if step.walks() {
		return r.walk(step)
	}
	c, result, err := r.ask(step)
	if err != nil {
		return "", err
	}
	why, err = r.check(c, result)
	if why == "" {
		r.scope.enter(c)
	}
	return why, err
}

// walk walks a whole map by GET_NEXT_KEY and compares the keys.
func (r *Session) walk(step Step) (why string, err error) {
	keys, errno, err := r.keys(step, len(step.Want.Words)+tooMany)
	shape := r.scope.shapes[step.Name]
	switch {
	case err != nil:
		return "", err
	case errno == abi.OK:
		return fmt.Sprintf("the walk does not end: it came to %s", texts(keys, shape.keyText)), nil
	case errno != step.Want.Errno && (errno != abi.ENOENT || step.Want.Errno != abi.OK):
		return fmt.Sprintf("the walk ended with %s", errno), nil
	}
	return r.compareKeys(step, shape, keys), nil
}

func (r *Session) compareKeys(step Step, shape Shape, keys [][]byte) string {
	var want [][]byte
	for _, word := range step.Want.Words {
		key, err := shape.key(word)
		if err != nil {
			return err.Error()
		}
		want = append(want, key)
	}
	got := slices.Clone(keys)
	if step.Verb == "walk" { // in any order
		slices.SortFunc(got, bytes.Compare)
		slices.SortFunc(want, bytes.Compare)
	}
	if slices.EqualFunc(got, want, bytes.Equal) {
		return ""
	}
	return fmt.Sprintf("the walk came to %s", texts(keys, shape.keyText))
}

func texts(all [][]byte, text func([]byte) string) string {
	var words []string
	for _, b := range all {
		words = append(words, text(b))
	}
	if len(words) == 0 {
		return "nothing"
	}
	return strings.Join(words, " ")
}

// check compares what came of a call with what the step wants.
func (r *Session) check(c *Call, got Result) (why string, err error) {
	want := c.Step.Want
	if got.Errno != want.Errno {
		return fmt.Sprintf("want %s, got %s", want.Errno, got.Errno), nil
	}
	if got.Stray != "" {
		return got.Stray, nil
	}
	named := map[string]bool{}
	if len(want.Words) > 0 {
		if why, err = r.checkWords(c, got, named); why != "" || err != nil {
			return why, err
		}
	}
	for _, t := range want.Fields {
		named[t.Field] = true
		if why, err := r.checkField(c, got, t); why != "" || err != nil {
			return why, err
		}
	}
	if want.Errno == abi.OK || want.Loose {
		return "", nil
	}
	for field, wrote := range got.Wrote {
		if wrote && !named[field] {
			return fmt.Sprintf("an error, and %s was written", field), nil
		}
	}
	return "", nil
}

// checkWords compares what a call gives back first. named gets the fields that the words are about.
func (r *Session) checkWords(c *Call, got Result, named map[string]bool) (string, error) {
	words := c.Step.Want.Words
	switch c.Step.Verb {
	case "lookup", "take":
		named["value"] = true
		return r.compare(c, "value", got.Fields["value"], words[0])
	case "next":
		named["next_key"] = true
		return r.compare(c, "next_key", got.Fields["next_key"], words[0])
	case "next_id":
		named["next_id"] = true
		return r.compare(c, "next_id", got.Fields["next_id"], words[0])
	case "lookup_batch", "take_batch":
		named["keys"], named["values"], named["count"], named["out_batch"] = true, true, true, true
		return r.comparePairs(c, pairs(got.Fields["keys"], got.Fields["values"], c.Shape, count(c, got)), words)
	case "dump", "dump_july", "dump_take":
		named["buf"], named["buf_len"] = true, true
		return r.comparePairs(c, records(got.Fields["buf"], got.Fields["buf_len"], c.Shape), words)
	}
	return "", fmt.Errorf("%s gives nothing back", c.Step.Verb)
}

// compare compares bytes with what a word means.
func (r *Session) compare(c *Call, field string, got []byte, word string) (string, error) {
	want, err := r.meaning(c, field, word)
	switch {
	case err != nil || bytes.Equal(got, want):
		return "", err
	case len(got) != len(want):
		return fmt.Sprintf("%s has %d bytes, want %d", field, len(got), len(want)), nil
	}
	text := c.Shape.valueText
	if field != "value" {
		text = c.Shape.keyText
	}
	return fmt.Sprintf("want %s %s, got %s", field, word, text(got)), nil
}

func (r *Session) meaning(c *Call, field, word string) ([]byte, error) {
	if field == "next_id" {
		n, err := r.scope.number(field, word)
		return binary.LittleEndian.AppendUint32(nil, uint32(n)), err
	}
	return r.scope.data(c, field, word)
}

// count is the number of elements that a batch tells of.
func count(c *Call, got Result) int {
	if b := got.Fields["count"]; len(b) == 4 {
		return int(binary.LittleEndian.Uint32(b))
	}
	return int(c.Numbers["count"])
}

// pair is an element as it was read.
type pair struct{ key, value []byte }

func pairs(keys, values []byte, s Shape, n int) (all []pair) {
	for i := range n {
		if (i+1)*s.KeySize > len(keys) || (i+1)*s.ValueBytes() > len(values) {
			break
		}
		all = append(all, pair{keys[i*s.KeySize:][:s.KeySize], values[i*s.ValueBytes():][:s.ValueBytes()]})
	}
	return all
}

// records are the elements in a dump's buffer.
func records(buf, length []byte, s Shape) (all []pair) {
	if len(length) != 4 {
		return nil
	}
	size := s.KeySize + s.ValueBytes()
	buf = buf[:min(len(buf), int(binary.LittleEndian.Uint32(length)))]
	for ; size > 0 && len(buf) >= size; buf = buf[size:] {
		all = append(all, pair{buf[:s.KeySize], buf[s.KeySize:size]})
	}
	return all
}

// comparePairs compares elements with words such as 1=10, in any order; "none" is no element.
func (r *Session) comparePairs(c *Call, got []pair, words []string) (string, error) {
	var want, have []string
	for _, word := range words {
		if word == "none" {
			continue
		}
		k, v, _ := strings.Cut(word, "=")
		key, err := c.Shape.key(k)
		if err != nil {
			return "", err
		}
		value, err := r.scope.value(c.Shape, v)
		if err != nil {
			return "", err
		}
		want = append(want, string(key)+string(value))
	}
	for _, p := range got {
		have = append(have, string(p.key)+string(p.value))
	}
	slices.Sort(want)
	slices.Sort(have)
	if slices.Equal(want, have) {
		return "", nil
	}
	return fmt.Sprintf("want %s, got %s", strings.Join(words, " "), strings.Join(pairWords(c.Shape, got), " ")), nil
}
