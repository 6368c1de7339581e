package kernel

import (
	"sync"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/btf"
	"github.com/bpfsim/bpfsim/proptest/program"
)

// kernelTypes are those of a machine on which programs can be attached.
func (k *Sim) kernelTypes() func() *btf.BTF {
	if !k.machine.HasHost() {
		return nil
	}
	return iteratorTypes
}

// iteratorTypes are the functions of program.Iterators, with the numbers that programs know them by. Each has a prototype of its own, as on
// Linux, where the struct that it is given has its name.
var iteratorTypes = sync.OnceValue(func() *btf.BTF {
	var b btf.Builder
	b.Add(btf.FuncProto, "", 0, 0)
	for i, name := range program.Iterators {
		b.Add(btf.Func, "bpf_iter_"+name, 0, uint32(program.FirstIterator+len(program.Iterators)+i))
	}
	for range program.Iterators {
		b.Add(btf.FuncProto, "", 0, 0)
	}
	types, errno := btf.Load(b.Bytes(), new(btf.Log))
	if errno != abi.OK {
		panic(errno) // it is always the same
	}
	return types
})
