package bpfsys

import (
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
)

// BenchmarkDump reads a map of 100,000 elements with room for some at a time. Its rival is reading key by key.
func BenchmarkDump(b *testing.B) {
	const entries, record = 100_000, 4 + 8
	d := benchDeskOf(b, entries)
	length, prev := d.Arena.Alloc(4), d.Arena.Alloc(4)
	for _, room := range []int{1, 230, entries} {
		attr := MapDump{FD: d.fd, PrevKey: prev, Buf: d.Arena.Alloc(room * record), BufLen: length}.Encode()
		addr := d.Arena.Put(attr[:])
		b.Run(fmt.Sprint(room), func(b *testing.B) {
			b.ReportAllocs()
			elements := 0
			for b.Loop() {
				binary.LittleEndian.PutUint32(d.Arena.Bytes(length, 4), uint32(room*record))
				if _, errno := d.Kernel.Bpf(d.Task, d.Process, uint32(abi.MapDump), addr, abi.AttrSize); errno != abi.OK {
					d.Arena.Write(prev, le32(1<<31))
				}
				elements += int(binary.LittleEndian.Uint32(d.Arena.Bytes(length, 4))) / record
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(elements), "ns/elem")
		})
	}
	b.Run("key by key", func(b *testing.B) {
		next, lookup := MapGetNextKey{FD: d.fd, Key: d.key, NextKey: d.key}.Encode(), MapLookupElem{FD: d.fd, Key: d.key, Value: d.val}.Encode()
		nextAddr, lookupAddr := d.Arena.Put(next[:]), d.Arena.Put(lookup[:])
		b.ReportAllocs()
		for b.Loop() {
			if _, errno := d.Kernel.Bpf(d.Task, d.Process, uint32(abi.MapGetNextKey), nextAddr, abi.AttrSize); errno != abi.OK {
				d.Arena.Write(d.key, le32(1<<31))
				continue
			}
			d.Kernel.Bpf(d.Task, d.Process, uint32(abi.MapLookupElem), lookupAddr, abi.AttrSize)
		}
	})
}
