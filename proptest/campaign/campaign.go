package campaign

import (
	"context"
	"fmt"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/generator"
	"github.com/bpfsim/bpfsim/proptest/kernel"
	"github.com/bpfsim/bpfsim/proptest/program"
)

// Options are a campaign's settings.
type Options struct {
	// Seed determines every program.
	Seed uint64
	// Ops is the number of operations to run, at least.
	Ops int
	// CPUs is the number of possible CPUs; 0 means those of this machine.
	CPUs int
	// Types are the only map types that programs make; none means all.
	Types []abi.MapType
	// Series is the one that the kernels are; 0 is the latest.
	Series abi.Release
	// Without names what the kernel lacks.
	Without []program.Feature
	// Kernels are compared with each other and the model; none means Linux and bpfsim, on copies and in place. Where all
	// are bpfsim, programs run on all CPUs at once; the report is the same.
	Kernels []kernel.Kernel
	// Most is the number of mismatches after which the campaign ends; 0 means 1.
	Most int
	// Progress is called after each program.
	Progress func(*Report)
}

// MapTypes are the map types that programs make.
func MapTypes() []abi.MapType { return generator.Types() }

// programSteps is the length of a drawn program.
const programSteps = 120

// GCPercent suits a process that does nothing but run programs (runtime/debug.SetGCPercent): what one leaves behind is
// small and short-lived, and the usual 100 collects it every few programs.
const GCPercent = 400

// Campaign runs programs drawn from a seed until enough operations were made, enough mismatches found, or ctx is done.
// The error says why a program could not run; mismatches are in the report.
func Run(ctx context.Context, o Options) (*Report, error) {
	if len(o.Kernels) == 0 {
		k, err := kernel.NewLinux()
		if err != nil {
			return nil, fmt.Errorf("open Linux: %w", err)
		}
		defer k.Close()
		o.Kernels = []kernel.Kernel{k, kernel.NewSim(), kernel.NewSimInPlace()}
	}
	if o.CPUs == 0 {
		o.CPUs = kernel.PossibleCPUs()
	}
	r, err := newCampaign(ctx, o).run(o.jobs())
	if err != nil {
		return r, err
	}
	return r, ctx.Err()
}

// machine is root's, now and then one of a caller with fewer rights.
func (o Options) machine(number int) program.Machine {
	m := program.Machine{CPUs: o.CPUs, BPF: true, SysAdmin: true, Linux: o.Series, Without: o.Without}
	switch {
	case number%50 == 30:
		m.SysAdmin = false
	case number%100 == 60 && !kernel.UnprivilegedAllowed():
		m.BPF, m.SysAdmin = false, false
	}
	return m
}
