package generator

import (
	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/program"
)

// createOps asks for a STRUCT_OPS map of a type that is no struct of functions. What the kernel has of those is its own, and so are their
// numbers: there is nothing behind the checks.
func (g *generator) createOps() {
	if !g.machine.Has(program.Programs) {
		return
	}
	c := g.call(abi.MapCreate)
	a := program.Attr{Bytes: c.Contents}
	a.Set(abi.CreateMapType, 4, uint64(abi.StructOps))
	a.Set(abi.CreateKeySize, 4, pick[uint64](g, 4, 4, 4, 4, 4, 8))
	a.Set(abi.CreateValueSize, 4, pick[uint64](g, 8, 256, 0))
	a.Set(abi.CreateMaxEntries, 4, pick[uint64](g, 1, 1, 1, 1, 1, 0, 2))
	a.Set(abi.CreateMapFlags, 4, uint64(pick(g, 0, 0, abi.FlagLink, abi.FlagVTypeBTFObjFD, abi.FlagLink|abi.FlagVTypeBTFObjFD, abi.FlagNoPrealloc)))
	a.Set(abi.CreateBTFVmlinuxValueTID, 4, pick[uint64](g, 1, 1, 1, 1, 0))
	a.Set(abi.CreateValueTypeBTFObjFD, 4, uint64(uint32(pick(g, g.doubtfulFD(), pick(g, g.fds...)))))
	if len(g.btfs) > 0 {
		a.Set(abi.CreateBTFFD, 4, uint64(uint32(pick(g, g.btfs...).fd)))
	}
	if chance(g, 10) {
		a.Set(abi.CreateBTFValueTypeID, 4, 1)
	}
	copy(a.Bytes[abi.CreateMapName:][:abi.NameLen], pick(g, "", "ops", "a b"))
	c.As = g.newFD()
	if chance(g, 16) {
		g.corrupt(c)
	}
	g.add(c)
}
