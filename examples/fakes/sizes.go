package fakes

import (
	"errors"
	"syscall"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
)

// Agent counts packets by their size: a program counts them in a map, which is read by batches.
type Agent struct {
	packets *ebpf.Map
	program *ebpf.Program
}

// Start makes the map and loads the program.
func Start() (*Agent, error) {
	packets, err := ebpf.NewMap(&ebpf.MapSpec{Name: "packets", Type: ebpf.Hash, KeySize: 4, ValueSize: 8, MaxEntries: 64})
	if err != nil {
		return nil, err
	}
	program, err := ebpf.NewProgram(&ebpf.ProgramSpec{Name: "count_packets", Type: ebpf.XDP, License: "GPL",
		Instructions: asm.Instructions{asm.LoadMapPtr(asm.R1, packets.FD()), asm.LoadImm(asm.R0, 2, asm.DWord), asm.Return()}})
	if err != nil {
		return nil, errors.Join(err, packets.Close())
	}
	return &Agent{packets, program}, nil
}

// Close ends it.
func (a *Agent) Close() error { return errors.Join(a.program.Close(), a.packets.Close()) }

// BySize is how many packets of each size came, nil if that cannot be told.
func (a *Agent) BySize() map[uint32]uint64 {
	counts := map[uint32]uint64{}
	var cursor ebpf.MapBatchCursor
	for room := 8; room <= 64; {
		sizes, packets := make([]uint32, room), make([]uint64, room)
		n, err := a.packets.BatchLookup(&cursor, sizes, packets, nil)
		if errors.Is(err, syscall.ENOSPC) { // a bucket has more than room entries
			room *= 2
			continue
		}
		for i := range n {
			counts[sizes[i]] = packets[i]
		}
		if errors.Is(err, ebpf.ErrKeyNotExist) {
			return counts
		}
		if err != nil {
			return nil
		}
	}
	return nil
}
