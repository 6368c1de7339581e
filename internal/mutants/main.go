package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// settings are the flags.
type settings struct {
	since string
	limit time.Duration
	seed  uint64
}

func main() {
	var s settings
	flag.StringVar(&s.since, "since", "", "only mutants of packages that changed since this revision")
	flag.DurationVar(&s.limit, "for", 0, "begin no further mutant behind this time; 0 means all")
	flag.Uint64Var(&s.seed, "seed", 0, "draw the order of the mutants; 0 means as listed")
	flag.Parse()
	tally, err := s.run(flag.Args())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	fmt.Println(tally)
	if tally.survived+tally.wrong > 0 {
		os.Exit(1)
	}
}

func (s settings) run(words []string) (Tally, error) {
	var t Tally
	root, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return t, fmt.Errorf("find the module: %w", err)
	}
	work, err := os.MkdirTemp("", "mutants")
	if err != nil {
		return t, err
	}
	defer os.RemoveAll(work)
	r := newRunner(strings.TrimSpace(string(root)), work)
	all, err := s.choose(r.root, words)
	if err != nil {
		return t, err
	}
	plans, err := plan(r.root, all)
	if err != nil {
		return t, err
	}
	begin := time.Now()
	for _, m := range plans {
		if s.limit > 0 && time.Since(begin) > s.limit {
			t.untried++
			continue
		}
		fmt.Println(t.try(r, m))
	}
	return t, nil
}

func (s settings) choose(root string, words []string) ([]Mutant, error) {
	all, err := List()
	if err != nil {
		return nil, err
	}
	if all = naming(all, words); s.since != "" {
		if all, err = changed(all, root, s.since); err != nil {
			return nil, err
		}
	}
	if s.seed != 0 {
		shuffle(all, s.seed)
	}
	return all, nil
}
