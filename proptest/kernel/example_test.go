package kernel_test

import (
	"fmt"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/kernel"
	"github.com/bpfsim/bpfsim/proptest/program"
)

// A kernel makes one step at a time, on the program's memory.
func ExampleKernel() {
	var k kernel.Kernel = kernel.NewSim()
	if err := k.Start(program.Machine{CPUs: 1, BPF: true, SysAdmin: true}); err != nil {
		panic(err)
	}
	attr := program.Attr{Bytes: make([]byte, abi.AttrSize)}
	attr.Set(abi.CreateMapType, 4, uint64(abi.Array))
	attr.Set(abi.CreateKeySize, 4, 4)
	attr.Set(abi.CreateValueSize, 4, 8)
	attr.Set(abi.CreateMaxEntries, 4, 1)
	k.Arena().Poke(program.Base, attr.Bytes)
	c := program.Call{Cmd: abi.MapCreate, Attr: program.Base, Size: abi.AttrSize, As: program.FirstFD}
	fmt.Println(k.Bpf(0, c, nil), k.Do(0, program.Close{FD: program.FirstFD}), k.Do(0, program.Close{FD: program.FirstFD}))
	// Output: 500 OK EBADF
}
