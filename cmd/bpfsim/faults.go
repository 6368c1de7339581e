package main

import (
	"fmt"

	"github.com/bpfsim/bpfsim/fault"
	"github.com/bpfsim/bpfsim/syscall"
)

// faults are the rules of --fault.
type faults struct {
	set    fault.Set
	active []*fault.Active
}

func parseFaults(texts []string) (*faults, error) {
	var f faults
	for _, text := range texts {
		rule, err := fault.Parse(text)
		if err != nil {
			return nil, fmt.Errorf("--fault: %w", err)
		}
		f.active = append(f.active, f.set.Add(rule))
	}
	return &f, nil
}

// hook is bpfsys.Options.Fault; nil where there are no rules.
func (f *faults) hook() func(bpfsys.Attempt) bpfsys.Fault {
	if f.active == nil {
		return nil
	}
	return f.set.Fault
}

// unused are lines about the rules that never happened. That of a share may be by chance.
func (f *faults) unused() (lines []string) {
	for _, a := range f.active {
		if a.Hits() == 0 && a.Rule().Share == 0 {
			lines = append(lines, fmt.Sprintf("--fault %v never happened: no call was the one it is about", a.Rule()))
		}
	}
	return lines
}
