package bpfsys

import (
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/stretchr/testify/require"
)

// A call on an element costs no garbage once the pooled buffers have grown.
func TestNoAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector makes sync.Pool forget at random")
	}
	for _, typ := range []abi.MapType{abi.Hash, abi.LRUHash, abi.Array} {
		r := newRack(t, typ, 0)
		room := r.Arena.Alloc(4)
		elem := MapLookupElem{FD: r.fd, Key: r.key, Value: r.val}
		for _, args := range []Args{
			elem, MapUpdateElem(elem), MapGetNextKey{FD: r.fd, Key: r.key, NextKey: r.val},
			r.args(4), MapUpdateBatch(r.args(4)), MapDump{FD: r.fd, Buf: r.values, BufLen: room},
			MapDeleteElem{FD: r.fd, Key: r.key}, MapDeleteBatch(r.args(1)), MapLookupAndDeleteBatch(r.args(4)),
		} {
			t.Run(typ.String()+" "+args.Cmd().String(), func(t *testing.T) {
				attr := args.Encode()
				addr := r.Arena.Put(attr[:])
				require.Zero(t, testing.AllocsPerRun(100, func() {
					r.Arena.Write(room, []byte{4 * dumpRecord, 0, 0, 0})
					r.Kernel.Bpf(r.Task, r.Process, uint32(args.Cmd()), addr, abi.AttrSize)
				}))
			})
		}
	}
}

func TestNoAllocationsOfSequences(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector makes sync.Pool forget at random")
	}
	for _, typ := range []abi.MapType{abi.Queue, abi.Stack} {
		d := newDesk(t, typ, 0)
		push := MapUpdateElem{FD: d.fd, Value: d.val}.Encode()
		pop := MapLookupAndDeleteElem{FD: d.fd, Value: d.val}.Encode()
		pushAddr, popAddr := d.Arena.Put(push[:]), d.Arena.Put(pop[:])
		require.Zero(t, testing.AllocsPerRun(100, func() {
			d.Kernel.Bpf(d.Task, d.Process, uint32(abi.MapUpdateElem), pushAddr, abi.AttrSize)
			d.Kernel.Bpf(d.Task, d.Process, uint32(abi.MapLookupAndDeleteElem), popAddr, abi.AttrSize)
		}), typ.String())
	}
}
