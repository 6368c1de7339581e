package model_test

import (
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/model"
)

// Judging one UPDATE and one LOOKUP of a map that holds 64 elements, with 16 KiB of user memory of which nothing is written.
func BenchmarkNext(b *testing.B) {
	memory := model.Memory{{Addr: attrAt, Bytes: make([]byte, 16<<10)}}
	possible := model.NewPossible(model.New(root))
	call := func(cmd abi.Cmd, size uint32, ret int32, pokes ...poke) {
		before := with(memory, pokes...)
		why := possible.Next(model.Call{Cmd: cmd, Attr: attrAt, Size: size, Before: before}, model.Result{Ret: ret, After: before})
		if why != "" {
			b.Fatal(why)
		}
	}
	call(abi.MapCreate, 92, 3, attr(92, shape{abi.LRUHash, 4, 8, 128, abi.FlagZeroSeed}.attr()))
	elem := attr(32, map[int][]byte{0: u32(3), 8: u64(keyAt), 16: u64(valueAt)})
	for key := range uint32(64) {
		call(abi.MapUpdateElem, 32, 0, elem, poke{keyAt, u32(key)})
	}
	before := with(memory, elem, poke{keyAt, u32(5)})
	for _, cmd := range []abi.Cmd{abi.MapUpdateElem, abi.MapLookupElem} {
		b.Run(cmd.String(), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				result := model.Result{After: before, Written: []model.Span{}}
				if why := possible.Next(model.Call{Cmd: cmd, Attr: attrAt, Size: 32, Before: before}, result); why != "" {
					b.Fatal(why)
				}
			}
		})
	}
}
