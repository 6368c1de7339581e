package insn_test

import (
	"fmt"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/insn"
)

type stdout struct{}

func (stdout) Printf(format string, args ...any) { fmt.Printf(format, args...) }

// A program for XDP cannot ask for the memory of a process.
func Example() {
	program := []insn.Insn{{Code: insn.CodeCall, Imm: 4}, {Code: insn.CodeExit}}
	kind := insn.Kind{Type: abi.ProgXDP, GPL: true, Perfmon: true}
	fmt.Println(insn.CheckFlow(program, stdout{}), insn.CheckReached(program, kind, stdout{}))
	// Output:
	// program of this type cannot use helper bpf_probe_read#4
	// OK EINVAL
}
