package main

import (
	"fmt"
	"math/rand/v2"
	"os/exec"
	"path"
	"slices"
	"strings"
)

// naming are the mutants whose file or name contains one of words, all without words.
func naming(all []Mutant, words []string) []Mutant {
	return slices.DeleteFunc(all, func(m Mutant) bool {
		return len(words) > 0 && !slices.ContainsFunc(words, func(word string) bool { return strings.Contains(m.String(), word) })
	})
}

// changed are the mutants of packages in which a file differs from a revision.
func changed(all []Mutant, root, since string) ([]Mutant, error) {
	cmd := exec.Command("git", "diff", "--name-only", since, "--", "*.go")
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("ask git for what changed since %s: %w", since, err)
	}
	var folders []string
	for file := range strings.FieldsSeq(string(out)) {
		folders = append(folders, "./"+path.Dir(file))
	}
	return slices.DeleteFunc(all, func(m Mutant) bool { return !slices.Contains(folders, m.Package()) }), nil
}

// shuffle gives all the order of a seed, so that those for which time is left are others with each.
func shuffle(all []Mutant, seed uint64) {
	rand.New(rand.NewPCG(seed, 0)).Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
}
