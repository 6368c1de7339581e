package generator_test

import (
	"fmt"

	"github.com/bpfsim/bpfsim/proptest/generator"
	"github.com/bpfsim/bpfsim/proptest/program"
)

// A seed and a number determine a program.
func ExampleProgram() {
	m := program.Machine{CPUs: 2, BPF: true, SysAdmin: true}
	first := generator.Program(1, 7, m, nil, []int{0, 1}, 20, new(generator.Pool)).String()
	again := generator.Program(1, 7, m, nil, []int{0, 1}, 20, new(generator.Pool)).String()
	fmt.Println(len(first) > 0, first == again)
	// Output: true true
}
