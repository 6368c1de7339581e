package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/cilium/ebpf"
)

// must ends the program at the first surprise.
func must(what string, err error) {
	if err != nil {
		fmt.Printf("%s: %v\n", what, err)
		os.Exit(1)
	}
}

// seen prints an outcome, errors included.
func seen(what string, err error, values ...any) {
	if err != nil {
		fmt.Printf("  %s: %v\n", what, err)
		return
	}
	fmt.Printf("  %s: %v\n", what, values)
}

const zeroSeed = 1 << 6 // BPF_F_ZERO_SEED: the same order everywhere

func main() {
	if len(os.Args) != 2 {
		fmt.Println("usage: ciliumprog BPFFS")
		os.Exit(2)
	}
	bpffs := os.Args[1]
	for _, spec := range []*ebpf.MapSpec{
		{Name: "hash", Type: ebpf.Hash, KeySize: 4, ValueSize: 8, MaxEntries: 64, Flags: zeroSeed},
		{Name: "lru_hash", Type: ebpf.LRUHash, KeySize: 4, ValueSize: 8, MaxEntries: 64, Flags: zeroSeed},
		{Name: "array", Type: ebpf.Array, KeySize: 4, ValueSize: 8, MaxEntries: 10},
	} {
		table(bpffs, spec)
	}
	for _, spec := range []*ebpf.MapSpec{
		{Name: "queue", Type: ebpf.Queue, ValueSize: 8, MaxEntries: 3},
		{Name: "stack", Type: ebpf.Stack, ValueSize: 8, MaxEntries: 3},
	} {
		sequence(bpffs, spec)
	}
	byName(bpffs)
	variables()
	probes()
}

// table uses a map with keys.
func table(bpffs string, spec *ebpf.MapSpec) {
	fmt.Println(spec.Type)
	m, err := ebpf.NewMap(spec)
	must("create", err)
	defer m.Close()
	for key := range uint32(10) {
		must("put", m.Put(key, uint64(key)*10))
	}
	elements(m)
	walk(m)
	batches(m)
	pinned(bpffs, m)
	info(m)
}

func elements(m *ebpf.Map) {
	var value uint64
	seen("lookup", m.Lookup(uint32(3), &value), value)
	seen("lookup absent", m.Lookup(uint32(77), &value))
	seen("update present with NoExist", m.Update(uint32(3), uint64(1), ebpf.UpdateNoExist))
	seen("update absent with Exist", m.Update(uint32(78), uint64(1), ebpf.UpdateExist))
	seen("delete absent", m.Delete(uint32(77)))
	seen("lookup and delete", m.LookupAndDelete(uint32(9), &value), value)
	seen("delete", m.Delete(uint32(8)))
}

func walk(m *ebpf.Map) {
	var key uint32
	var value uint64
	var pairs []string
	entries := m.Iterate()
	for entries.Next(&key, &value) {
		pairs = append(pairs, fmt.Sprintf("%d=%d", key, value))
	}
	seen("iterate", entries.Err(), pairs)
}

func batches(m *ebpf.Map) {
	keys, values := make([]uint32, 4), make([]uint64, 4)
	var cursor ebpf.MapBatchCursor
	for range 10 {
		n, err := m.BatchLookup(&cursor, keys, values, nil)
		seen("batch lookup", err, n, keys[:n], values[:n])
		if err != nil {
			break
		}
	}
	n, err := m.BatchUpdate([]uint32{1, 2}, []uint64{100, 200}, nil)
	seen("batch update", err, n)
	n, err = m.BatchDelete([]uint32{0, 1}, nil)
	seen("batch delete", err, n)
	cursor = ebpf.MapBatchCursor{}
	all, allValues := make([]uint32, 64), make([]uint64, 64)
	n, err = m.BatchLookupAndDelete(&cursor, all, allValues, nil)
	seen("batch lookup and delete", err, n, all[:n], allValues[:n])
	walk(m)
}

// pinned loads a map by its path and by its id.
func pinned(bpffs string, m *ebpf.Map) {
	path := filepath.Join(bpffs, "cilium_pin")
	must("pin", m.Pin(path))
	loaded, err := ebpf.LoadPinnedMap(path, nil)
	must("load pinned", err)
	defer loaded.Close()
	fmt.Println("  pinned:", loaded.IsPinned())
	readOnly, err := ebpf.LoadPinnedMap(path, &ebpf.LoadPinOptions{ReadOnly: true})
	must("load pinned read-only", err)
	defer readOnly.Close()
	seen("write through a read-only map", readOnly.Put(uint32(1), uint64(1)))
	must("put", loaded.Put(uint32(5), uint64(55)))
	var value uint64
	seen("lookup through the first fd", m.Lookup(uint32(5), &value), value)
	must("unpin", loaded.Unpin())
	_, err = os.Stat(path)
	fmt.Println("  gone:", os.IsNotExist(err))
}

func info(m *ebpf.Map) {
	info, err := m.Info()
	must("info", err)
	id, ok := info.ID()
	again, err := ebpf.NewMapFromID(id)
	seen("from id", err, ok)
	must("close", again.Close())
	fmt.Println("  info:", info.Name, info.Type, info.KeySize, info.ValueSize, info.MaxEntries, info.Flags, info.Frozen())
	must("freeze", m.Freeze())
	info, err = m.Info()
	must("info", err)
	memory, ok := info.Memlock()
	fmt.Println("  frozen:", info.Frozen(), memory > 0, ok)
}

// sequence uses a queue or a stack.
func sequence(bpffs string, spec *ebpf.MapSpec) {
	fmt.Println(spec.Type)
	m, err := ebpf.NewMap(spec)
	must("create", err)
	defer m.Close()
	var value uint64
	seen("peek empty", m.Lookup(nil, &value))
	for i := range uint64(4) {
		seen("push", m.Put(nil, i))
	}
	seen("peek", m.Lookup(nil, &value), value)
	for range 4 {
		seen("pop", m.LookupAndDelete(nil, &value), value)
	}
	path := filepath.Join(bpffs, "cilium_pin")
	must("pin", m.Pin(path))
	loaded, err := ebpf.LoadPinnedMap(path, nil)
	must("load pinned", err)
	must("put", loaded.Put(nil, uint64(7)))
	must("unpin", loaded.Unpin())
	must("close", loaded.Close())
	seen("pop what the pin pushed", m.LookupAndDelete(nil, &value), value)
	info(m)
	seen("push to a frozen map", m.Put(nil, uint64(1)))
}

// byName shares a map between two loads, as agents do over a restart.
func byName(bpffs string) {
	spec := &ebpf.MapSpec{
		Name: "shared", Type: ebpf.Hash, KeySize: 4, ValueSize: 4, MaxEntries: 1, Pinning: ebpf.PinByName,
	}
	first, err := ebpf.NewMapWithOptions(spec, ebpf.MapOptions{PinPath: bpffs})
	must("create pinned by name", err)
	must("put", first.Put(uint32(1), uint32(2)))
	must("close", first.Close())
	second, err := ebpf.NewMapWithOptions(spec, ebpf.MapOptions{PinPath: bpffs})
	must("find by name", err)
	defer second.Close()
	var value uint32
	seen("by name", second.Lookup(uint32(1), &value), value)
	must("unpin", second.Unpin())
}
