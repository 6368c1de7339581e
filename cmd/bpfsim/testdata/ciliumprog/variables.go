package main

import (
	"fmt"

	"github.com/cilium/ebpf"
)

const readOnlyProg = 1 << 7 // BPF_F_RDONLY_PROG, as compilers' .rodata has

// variables loads what a compiler makes of global variables: an array of one element for each section, which the
// library maps.
func variables() {
	fmt.Println("variables")
	spec := &ebpf.CollectionSpec{
		Maps: map[string]*ebpf.MapSpec{
			".data": section(".data", 0), ".bss": section(".bss", 0), ".rodata": section(".rodata", readOnlyProg),
		},
		Variables: map[string]*ebpf.VariableSpec{
			"counter":  {Name: "counter", SectionName: ".data", Offset: 8, Value: []byte{1, 2, 3, 4, 5, 6, 7, 8}},
			"zero":     {Name: "zero", SectionName: ".bss", Offset: 4, Value: make([]byte, 4)},
			"constant": {Name: "constant", SectionName: ".rodata", Offset: 16, Value: []byte{9, 0, 0, 0}},
		},
	}
	coll, err := ebpf.NewCollection(spec)
	must("load collection", err)
	defer coll.Close()
	var counter uint64
	variable(coll, "counter", &counter, uint64(77))
	var zero, constant uint32
	variable(coll, "zero", &zero, uint32(78))
	variable(coll, "constant", &constant, uint32(79))
	for _, name := range []string{".data", ".bss", ".rodata"} {
		memory(coll.Maps[name])
	}
	plain, err := ebpf.NewMap(&ebpf.MapSpec{Type: ebpf.Array, KeySize: 4, ValueSize: 4, MaxEntries: 1})
	must("create", err)
	defer plain.Close()
	_, err = plain.Memory()
	seen("memory of a plain array", err)
}

func section(name string, flags uint32) *ebpf.MapSpec {
	return &ebpf.MapSpec{Name: name, Type: ebpf.Array, KeySize: 4, ValueSize: 60, MaxEntries: 1, Flags: flags,
		Contents: []ebpf.MapKV{{Key: uint32(0), Value: make([]byte, 60)}}}
}

// variable reads a variable, sets it to value, and reads it again.
func variable[T any](coll *ebpf.Collection, name string, out *T, value T) {
	v := coll.Variables[name]
	seen(name, v.Get(out), *out, v.ReadOnly(), v.Size())
	seen(name+" is set", v.Set(value))
	seen(name, v.Get(out), *out)
}

// memory looks at a section's element through the system call and through the mapping.
func memory(m *ebpf.Map) {
	mapped, err := m.Memory()
	must("map", err)
	value := make([]byte, 60)
	seen("element", m.Lookup(uint32(0), value), value)
	seen("memory", nil, mapped.Size(), mapped.ReadOnly())
	_, err = mapped.WriteAt([]byte{0xaa, 0xbb}, 40)
	seen("write to memory", err)
	value[0] = 0xcc
	seen("update", m.Put(uint32(0), value))
	seen("element", m.Lookup(uint32(0), value), value)
	got := make([]byte, 48)
	_, err = mapped.ReadAt(got, 0)
	seen("read of memory", err, got)
	seen("freeze", m.Freeze())
}
