package semantics

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bpfsim/bpfsim/abi"
)

// Words about attr itself, in the place of a field's name.
const (
	sizeWord = "size" // the size argument of bpf(2)
	tailWord = "tail" // the offset of a byte behind the last field that is not zero
	attrWord = "attr" // the address of attr
	cpuWord  = "cpu"  // the CPU that calls
	cmdWord  = "cmd"  // a number that is no command
)

// ParseStep reads a line such as "update m 1 10 flags=NOEXIST -> EEXIST": a verb, a name, arguments by place and by name, and behind
// the arrow the errno (none is success) and what was given back.
//
// Keys and values are numbers, little-endian and as long as the map says. 10/20 is a value whose first CPU has 10 and the others 20; 1/8
// as the key of an LPM_TRIE has 8 bits of prefix. Addresses that are not good: - is NULL, "bad" cannot be read or written, "readonly"
// can only be read, edge:N has N bytes before one that faults, end:DATA is data that ends there, @FIELD is the memory of another field. An fd is the name of a step that made it,
// or "closed". For a map of maps, fd:NAME is a value that names a map, and id:NAME is the id by which it is read.
func ParseStep(line string) (Step, error) {
	call, want, _ := strings.Cut(line, "->")
	words := strings.Fields(call)
	if len(words) == 0 {
		return Step{}, fmt.Errorf("an empty line is no step")
	}
	v, known := verbs[words[0]]
	if !known {
		return Step{}, fmt.Errorf("%q: unknown verb %q", line, words[0])
	}
	s := Step{Verb: words[0]}
	words = words[1:]
	if v.file != "" || v.names || v.event {
		if len(words) == 0 {
			return Step{}, fmt.Errorf("%q: a name is missing", line)
		}
		s.Name, words = words[0], words[1:]
	}
	positional := v.positional
	for _, word := range words {
		field, text, named := strings.Cut(word, "=")
		switch {
		case named:
		case len(positional) == 0:
			return Step{}, fmt.Errorf("%q: %q is one word too many", line, word)
		default:
			field, text, positional = positional[0], word, positional[1:]
		}
		if !s.knows(field) {
			return Step{}, fmt.Errorf("%q: %s has no field %q", line, v.cmd, field)
		}
		s.Settings = append(s.Settings, Setting{field, text})
	}
	var err error
	s.Want, err = parseWant(want)
	return s, err
}

// knows reports whether the step can have a setting of that name.
func (s Step) knows(field string) bool {
	v := verbs[s.Verb]
	_, known := abi.FieldOf(v.cmd, field)
	return known && !v.event || slices.Contains(v.positional, field) ||
		slices.Contains([]string{sizeWord, tailWord, attrWord, cpuWord, cmdWord}, field)
}

func parseWant(text string) (Want, error) {
	var w Want
	for i, word := range strings.Fields(text) {
		field, value, named := strings.Cut(word, "=")
		switch errno, isErrno := abi.ErrnoByName(word); {
		case i == 0 && isErrno:
			w.Errno = errno
		case word == "loose":
			w.Loose = true
		case named && strings.Trim(field, "0123456789") != "":
			w.Fields = append(w.Fields, Setting{field, value})
		case strings.HasPrefix(word, "E"):
			return w, fmt.Errorf("%q: no errno", word)
		default:
			w.Words = append(w.Words, word)
		}
	}
	return w, nil
}

// ParseProgram reads steps, a line each. Empty lines and those that begin with # are left out.
func ParseProgram(text string) ([]Step, error) {
	var steps []Step
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		s, err := ParseStep(line)
		if err != nil {
			return nil, err
		}
		steps = append(steps, s)
	}
	return steps, nil
}
