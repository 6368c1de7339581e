package campaign

import (
	"fmt"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/profile"
	"github.com/bpfsim/bpfsim/proptest/kernel"
	"github.com/bpfsim/bpfsim/proptest/program"
)

// CompareRows runs the checks of package profile on kernels of a series and returns the differences between them, and what the model
// forbids. The error says which could not run.
func CompareRows(series abi.Release, cpus int, kernels ...kernel.Kernel) (found []*Mismatch, err error) {
	for _, row := range profile.Rows {
		p, err := program.Parse(row.Machine(series, cpus) + row.Check)
		if err != nil {
			return found, fmt.Errorf("%s: %w", row.Name, err)
		}
		p.Machine.Without = append(p.Machine.Without, program.Host)
		m, err := Compare(p, kernels...)
		if err != nil {
			return found, fmt.Errorf("%s: %w", row.Name, err)
		}
		if m != nil {
			found = append(found, m)
		}
	}
	return found, nil
}
