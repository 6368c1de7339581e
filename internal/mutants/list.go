package main

import (
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

//go:embed list
var lists embed.FS

// List is all mutants, file by file.
func List() ([]Mutant, error) {
	files, err := fs.Glob(lists, "list/*.txt")
	if err != nil {
		return nil, err
	}
	var all []Mutant
	for _, file := range files {
		text, err := fs.ReadFile(lists, file)
		if err != nil {
			return nil, err
		}
		mutants, err := Parse(string(text))
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", file, err)
		}
		all = append(all, mutants...)
	}
	return all, nil
}

// Parse reads mutants with a blank line between two.
func Parse(text string) ([]Mutant, error) {
	var all []Mutant
	for block := range strings.SplitSeq(text, "\n\n") {
		m, err := parse(block)
		if err != nil {
			return nil, err
		}
		if m.File != "" {
			all = append(all, m)
		}
	}
	return all, nil
}

// parse reads a mutant, or nothing where there are only comments.
func parse(block string) (m Mutant, err error) {
	for line := range strings.SplitSeq(strings.Trim(block, "\n"), "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		if err := m.add(line); err != nil {
			return m, err
		}
	}
	return m, m.check()
}

func (m *Mutant) add(line string) error {
	name, rest, named := strings.Cut(line, ": ")
	switch {
	case line[0] == ' ':
		m.Old, m.New = append(m.Old, line[1:]), append(m.New, line[1:])
	case line[0] == '-':
		m.Old = append(m.Old, line[1:])
	case line[0] == '+':
		m.New = append(m.New, line[1:])
	case !named:
		return fmt.Errorf("line %q: want one of a diff, or a word and a colon", line)
	case name == "test":
		m.Tests = append(m.Tests, strings.Fields(rest))
	case name == "equivalent":
		m.Equivalent = rest
	case m.File != "":
		return fmt.Errorf("line %q: want test or equivalent in front of the colon, or a blank line above", line)
	default:
		m.File, m.What = name, rest
	}
	return nil
}

func (m *Mutant) check() error {
	switch {
	case m.File == "" && len(m.Old)+len(m.Tests) == 0:
		return nil
	case m.File == "" || len(m.Old) == 0 || slices.Equal(m.Old, m.New):
		return fmt.Errorf("mutant %q: want a line with file and name, and lines of a diff that change something", m)
	case m.Equivalent != "" && m.Tests != nil:
		return fmt.Errorf("mutant %q: what is equivalent has no test", m)
	}
	if m.Equivalent == "" && m.Tests == nil {
		m.Tests = [][]string{{m.Package()}}
	}
	return nil
}
