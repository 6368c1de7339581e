package generator

import (
	"slices"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/program"
)

// countAll closes some fds and asks for every id there is, once everything is freed that should be: a reference that is kept too
// long, or given back too early, is seen by what still has an id.
func (g *generator) countAll() {
	for _, fd := range slices.Compact(slices.Sorted(slices.Values(g.fds))) {
		if chance(g, 60) {
			g.add(program.Close{FD: fd})
		}
	}
	made := map[abi.Cmd]int{}
	for _, s := range g.steps {
		if c, ok := s.Action.(*program.Call); ok {
			made[c.Cmd]++
		}
	}
	g.add(program.Settle{})
	g.nextIDs(abi.MapGetNextID, made[abi.MapCreate])
	if !g.machine.Has(program.Programs) {
		return
	}
	g.nextIDs(abi.BTFGetNextID, made[abi.BTFLoad])
	g.nextIDs(abi.ProgGetNextID, made[abi.ProgLoad])
	g.nextIDs(abi.LinkGetNextID, made[abi.LinkCreate]+made[abi.RawTracepointOpen])
}

// nextIDs asks what follows each id, of so many at most.
func (g *generator) nextIDs(cmd abi.Cmd, most int) {
	for start := range most + 1 {
		c := g.call(cmd)
		program.Attr{Bytes: c.Contents}.Set(abi.IDStart, 4, uint64(start))
		g.add(c)
	}
}
