package semantics_test

import (
	"fmt"

	"github.com/bpfsim/bpfsim/proptest/kernel"
	"github.com/bpfsim/bpfsim/semantics"
)

// Every statement can be asked of a kernel.
func ExampleStatement_Run() {
	on := semantics.OnKernel(kernel.NewSim(), 2)
	for _, s := range semantics.Statements() {
		if s.Name == "MAP_LOOKUP_ELEM/present/HASH" {
			failure, err := s.Run(on)
			fmt.Println(s.Rule.Text, failure, err)
		}
	}
	// Output: The value that was put in last comes back, and not a byte more is written. <nil> <nil>
}
