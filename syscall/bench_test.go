package bpfsys

import (
	"sync/atomic"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/stretchr/testify/require"
)

// benchDesk is a hash of 1024 elements.
func benchDesk(b *testing.B) *desk { return benchDeskOf(b, 1024) }

func benchDeskOf(b *testing.B, entries uint32) *desk {
	d := &desk{Caller: NewCaller(NewKernel(Options{CPUs: 4})), t: &testing.T{}}
	fd, errno := d.Do(MapCreate{Type: abi.Hash, KeySize: 4, ValueSize: 8, MaxEntries: entries})
	require.Equal(b, abi.OK, errno)
	d.fd, d.key, d.val = fd, d.Arena.Alloc(4), d.Arena.Alloc(8)
	for i := range entries {
		d.Arena.Write(d.key, le32(i))
		_, errno := d.Do(MapUpdateElem{FD: fd, Key: d.key, Value: d.val})
		require.Equal(b, abi.OK, errno)
	}
	return d
}

// repeat makes a call as long as more says so, each time with the next key, and with the attr laid out once.
func repeat(d *desk, args Args, more func() bool) {
	attr := args.Encode()
	size, _ := abi.AttrEnd(args.Cmd())
	addr, key := d.Arena.Put(attr[:size]), d.Arena.Bytes(d.key, 4)
	for i := uint32(0); more(); i++ {
		key[0], key[1] = byte(i), byte(i>>8)&3
		d.Kernel.Bpf(d.Task, d.Process, uint32(args.Cmd()), addr, uint32(size))
	}
}

// BenchmarkCall is the cost of a call on one element, map included.
func BenchmarkCall(b *testing.B) {
	d := benchDesk(b)
	elem := MapLookupElem{FD: d.fd, Key: d.key, Value: d.val}
	for _, args := range []Args{elem, MapUpdateElem(elem), MapGetNextKey{FD: d.fd, Key: d.key, NextKey: d.key}} {
		b.Run(args.Cmd().String(), func(b *testing.B) {
			b.ReportAllocs()
			repeat(d, args, b.Loop)
		})
	}
}

func BenchmarkLookupParallel(b *testing.B) {
	d := benchDesk(b)
	b.ReportAllocs()
	cpu := atomic.Int32{}
	b.RunParallel(func(pb *testing.PB) {
		th := thread(d, int(cpu.Add(1)))
		repeat(th, MapLookupElem{FD: th.fd, Key: th.key, Value: th.val}, pb.Next)
	})
}

// BenchmarkLookupBatch reads the whole map in one call; ns/elem is the figure to compare with BenchmarkCall.
func BenchmarkLookupBatch(b *testing.B) {
	d := benchDesk(b)
	keys, values, out := d.Arena.Alloc(4096), d.Arena.Alloc(8192), d.Arena.Alloc(4)
	args := MapLookupBatch{Out: out, Keys: keys, Values: values, Count: 1024, FD: d.fd}.Encode()
	addr := d.Arena.Alloc(abi.AttrSize)
	b.ReportAllocs()
	for b.Loop() {
		d.Arena.Write(addr, args[:])
		d.Kernel.Bpf(d.Task, d.Process, uint32(abi.MapLookupBatch), addr, abi.AttrSize)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1024, "ns/elem")
}
