package kernel

import (
	"encoding/binary"
	"fmt"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/btf"
	"github.com/bpfsim/bpfsim/proptest/program"
)

// Programs know iterators by numbers of their own (program.Iterators), which stand for those of the running kernel's types.

// iterators are the real numbers, nil before somebody asks for them.
type iterators []uint32

// find reads the kernel's types.
func (i *iterators) find() error {
	if *i != nil {
		return nil
	}
	data, err := os.ReadFile("/sys/kernel/btf/vmlinux")
	if err != nil {
		return fmt.Errorf("read the kernel's types: %w", err)
	}
	types, errno := btf.Load(data, new(btf.Log))
	if errno != abi.OK {
		return fmt.Errorf("read the kernel's types: %w", unix.Errno(errno))
	}
	*i = make(iterators, len(program.Iterators))
	for id := uint32(1); types.Type(id) != nil; id++ {
		name, iterates := strings.CutPrefix(types.Name(types.Type(id)), "bpf_iter_")
		if at := slices.Index(program.Iterators, name); iterates && at >= 0 && types.Func(id) {
			(*i)[at] = id
		}
	}
	return nil
}

// loadProgram is PROG_LOAD, with the real number of an iterator for the length of the call.
func (k *Linux) loadProgram(c program.Call) Outcome {
	field := k.user.arena.Span(c.Attr+abi.ProgLoadAttachBTFID, 4, program.ToPoke)
	if len(field) < 4 || int(c.Size) < abi.ProgLoadAttachBTFID+4 || abi.ProgType(k.user.arena.Field(c, abi.ProgLoadType, 4)) != abi.ProgTracing {
		return k.plain(c)
	}
	number := program.Word(field)
	if _, ok := program.Iterator(number); ok {
		program.PutWord(field, uint64(k.iterators[number-program.FirstIterator]))
		defer program.PutWord(field, number)
	}
	return k.plain(c)
}

// targetFields are the fields of a program that say what it iterates over.
func (k *Linux) targetFields(info []byte) []ownField {
	number := info[abi.ProgInfoAttachBTFID:][:4]
	for i, real := range k.iterators {
		if real == uint32(program.Word(number)) {
			return []ownField{{abi.ProgInfoAttachBTFID, number, binary.LittleEndian.AppendUint32(nil, uint32(program.FirstIterator+i))}}
		}
	}
	return nil
}
