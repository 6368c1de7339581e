package main

import (
	"fmt"
	"path"
	"strings"
)

// Mutant is a mistake that can be planted into a file.
type Mutant struct {
	File string // its path in the module, with slashes
	What string // the mistake
	// Old lines stand in the file exactly once and become New. Space around them is not compared.
	Old, New []string
	// Tests are the arguments of go test by which the mistake is to be found.
	Tests [][]string
	// Equivalent is why no test can find it, "" where one must.
	Equivalent string
}

func (m Mutant) String() string { return m.File + ": " + m.What }

// Package is the folder of its file.
func (m Mutant) Package() string { return "./" + path.Dir(m.File) }

// Plant is text with the mistake.
func (m Mutant) Plant(text string) (string, error) {
	lines := strings.Split(text, "\n")
	at := places(lines, m.Old)
	if len(at) != 1 {
		return "", fmt.Errorf("plant %q: its lines stand in %s %d times, not once: bring the list up to date", m.What, m.File, len(at))
	}
	planted := append([]string{}, lines[:at[0]]...)
	planted = append(planted, m.New...)
	planted = append(planted, lines[at[0]+len(m.Old):]...)
	return strings.Join(planted, "\n"), nil
}

// places are where the lines of part begin in whole.
func places(whole, part []string) (at []int) {
	for i := 0; i+len(part) <= len(whole); i++ {
		if same(whole[i:i+len(part)], part) {
			at = append(at, i)
		}
	}
	return at
}

func same(a, b []string) bool {
	for i := range a {
		if strings.TrimSpace(a[i]) != strings.TrimSpace(b[i]) {
			return false
		}
	}
	return true
}
