package generator

import "github.com/bpfsim/bpfsim/proptest/program"

// aboutFDInfo reads what /proc says of something open, mostly of a map, a program or a link of the last.
func (g *generator) aboutFDInfo() {
	if !g.machine.Has(program.Memlock) {
		return
	}
	fd := g.someMap().fd
	switch weighted(g, 5, 3, 3, 1, 1) {
	case 1:
		if n := len(g.programs); n > 0 {
			fd = g.programs[max(0, n-1-g.Intn(4))].fd
		}
	case 2:
		if len(g.links) > 0 {
			fd = g.someLink().fd
		}
	case 3:
		if len(g.btfs) > 0 {
			fd = pick(g, g.btfs...).fd
		}
	case 4:
		fd = pick(g, append(g.fds, program.FirstFD+program.NumFDs-1)...)
	}
	to := uint64(valuesAt)
	if chance(g, 4) {
		to = g.doubtfulAddress()
	}
	g.add(program.FDInfo{FD: fd, To: to})
}
