package program_test

import (
	"fmt"

	"github.com/bpfsim/bpfsim/proptest/program"
)

// A program is text, and its attr are fields.
func ExampleParse() {
	p, err := program.Parse(`machine cpus=2 bpf=true sysadmin=true
cpu1 BPF_MAP_FREEZE @0 size=4 { map_fd=500 }
`)
	if err != nil {
		panic(err)
	}
	call := p.Steps[0].Action.(*program.Call)
	fmt.Println(call.Cmd, call.Contents)
	fmt.Print(p)
	// Output:
	// BPF_MAP_FREEZE [244 1 0 0]
	// machine cpus=2 bpf=true sysadmin=true
	// cpu1 BPF_MAP_FREEZE @0 size=4 { map_fd=500 }
}
