package bpftest

import (
	"fmt"
	"sync"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
	"github.com/bpfsim/bpfsim/syscall"
)

// records are a kernel's records of ring buffers that are reserved, and what shall be lost.
type records struct {
	mu       sync.Mutex
	last     int
	reserved map[int]reserved
	lose     map[uint32]int // how many records of the map with an id
}

// reserved is a record that is neither submitted nor discarded.
type reserved struct {
	record *maps.Record
	on     *bpfsys.Map // with a reference
}

// do is what programs do with ring and perf buffers.
func (r *records) do(h bpfsys.Helpers, on *bpfsys.Map, q request) reply {
	if q.Op == opLose {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.lose == nil {
			r.lose = map[uint32]int{}
		}
		r.lose[on.ID()] += q.N
		return reply{}
	}
	elements, lost := on.Elements(), r.loses(on)
	perf := on.Spec().Type == abi.PerfEventArray
	switch {
	case q.Op == opReserve && lost:
		return reply{Errno: abi.ENOSPC}
	case q.Op == opReserve:
		return r.reserve(h, on, q)
	case perf && lost:
		return reply{Errno: h.LosePerfEvent(elements, q.Flags)}
	case perf:
		return reply{Errno: h.PerfEventOutput(elements, q.Flags, q.Value)}
	case lost:
		return reply{Errno: abi.EAGAIN}
	}
	return reply{Errno: h.Output(elements, q.Value, q.Flags)}
}

// loses tells whether the next record of a map shall be lost.
func (r *records) loses(on *bpfsys.Map) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lose[on.ID()] == 0 {
		return false
	}
	r.lose[on.ID()]--
	return true
}

func (r *records) reserve(h bpfsys.Helpers, on *bpfsys.Map, q request) reply {
	if _, ring := on.Elements().(maps.Ring); !ring {
		return reply{Errno: abi.ENOTSUPP}
	}
	record := h.Reserve(on.Elements(), uint64(q.N), q.Flags)
	if record == nil {
		return reply{Errno: abi.ENOSPC}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.reserved == nil {
		r.reserved = map[int]reserved{}
	}
	on.Hold()
	r.last++
	r.reserved[r.last] = reserved{record, on}
	return reply{N: uint64(r.last)}
}

// commit submits or discards a record.
func (r *records) commit(q request) reply {
	r.mu.Lock()
	held, ok := r.reserved[q.N]
	delete(r.reserved, q.N)
	r.mu.Unlock()
	if !ok {
		return reply{Problem: "the record was submitted or discarded before"}
	}
	defer held.on.Release()
	t := &maps.Task{CPU: q.CPU}
	if q.Op == opDiscard {
		held.record.Discard(t, q.Flags)
		return reply{}
	}
	if len(q.Value) > held.record.Size() {
		held.record.Discard(t, 0)
		return reply{Problem: fmt.Sprintf("%d bytes do not fit into a record of %d, which is discarded", len(q.Value), held.record.Size())}
	}
	held.record.Write(0, q.Value)
	held.record.Submit(t, q.Flags)
	return reply{}
}
