package generator_test

import (
	"fmt"

	"github.com/bpfsim/bpfsim/proptest/generator"
	"github.com/bpfsim/bpfsim/proptest/program"
)

// A seed and a number determine a program.
func ExampleProgram() {
	m := program.Machine{CPUs: 2, BPF: true, SysAdmin: true}
	draw := func(i uint64) string {
		return generator.Program(1, i, m, []int{0, 1}, 20, new(generator.Pool)).String()
	}
	fmt.Println(draw(7) == draw(7), draw(7) == draw(8))
	// Output: true false
}
