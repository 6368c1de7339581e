package generator

import (
	"encoding/binary"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/btf"
	"github.com/bpfsim/bpfsim/proptest/program"
)

// functions adds functions, and what looks like one. All are static: what a program makes of a global function's result is for a verifier to
// judge.
func (p *btfParts) functions() {
	proto := p.Add(btf.FuncProto, "", 0, p.word)
	nothing := p.Add(btf.FuncProto, "", 0, 0)
	p.funcs = []uint32{p.Add(btf.Func, "main", 0, proto), p.Add(btf.Func, "other", 0, proto), p.Add(btf.Func, "none", 0, nothing)}
}

// Where records lie, and the fields of attr that say so.
const (
	funcsAt = valuesAt
	linesAt = valuesAt + 512
	relosAt = valuesAt + 1024

	funcRecSize, funcList = 76, 80
	lineRecSize, lineList = 92, 96
	reloRecSize, reloList = 136, 128
)

// describe loads a program with records, and asks for them.
func (g *generator) describe() {
	g.needBTF()
	g.single(g.loadProgram(95))
	fd := g.programs[len(g.programs)-1].fd
	for range 1 + g.Intn(2) {
		g.single(g.programInfo(fd))
	}
}

// records describes a program's functions and lines with the types of the newest BTF, now and then wrongly.
func (g *generator) records(c *program.Call, code []byte, percent int) {
	a := program.Attr{Bytes: c.Contents}
	if chance(g, 4) { // of no BTF
		a.Set(pick(g, abi.ProgLoadFuncInfoCnt, abi.ProgLoadLineInfoCnt), 4, 1)
		a.Set(abi.ProgLoadBTFFD, 4, pick[uint64](g, 1<<32-1, 0))
		return
	}
	if len(g.btfs) == 0 || !chance(g, percent) {
		return
	}
	b, starts := g.btfs[len(g.btfs)-1], functionStarts(code)
	a.Set(abi.ProgLoadBTFFD, 4, uint64(uint32(b.fd)))
	if chance(g, 4) {
		a.Set(abi.ProgLoadBTFFD, 4, uint64(uint32(pick(g, g.doubtfulFD(), pick(g, g.btfs...).fd, pick(g, g.fds...)))))
	}
	var funcs, lines []uint32
	for i, start := range starts {
		funcs = append(funcs, start, b.funcs[i%len(b.funcs)])
		lines = append(lines, start, 1, 1, uint32(i+1)<<10|3)
	}
	if last := uint32(len(code)/8 - 1); len(starts) == 1 && last > 0 && chance(g, 50) {
		lines = append(lines, last, 1, 0, 9<<10)
	}
	if chance(g, 85) {
		g.list(c, abi.ProgLoadFuncInfoCnt, funcRecSize, funcList, funcsAt, 2, funcs)
	}
	if chance(g, 75) {
		g.list(c, abi.ProgLoadLineInfoCnt, lineRecSize, lineList, linesAt, 4, lines)
	}
	if chance(g, 5) { // of an instruction that is not there
		g.list(c, abi.ProgLoadCoreReloCnt, reloRecSize, reloList, relosAt, 4, []uint32{uint32(pick(g, 1, len(code), 1<<31)), 1, 1, 0})
	}
}

// list puts records of so many words into memory, and says so in attr: longer ones than the kernel knows, some that are out of order, have
// another type, or are not all there, now and then.
func (g *generator) list(c *program.Call, count, size, list int, at uint64, words int, all []uint32) {
	a, length := program.Attr{Bytes: c.Contents}, 4*words
	if chance(g, 12) {
		length = pick(g, length+4, length+8, length+8, length-4, length+2, 0, 252, 256)
	}
	if chance(g, 12) {
		i := g.Intn(len(all))
		all[i] = pick[uint32](g, 0, 1, 2, 3, all[i]+1, 99, 1<<20, 1<<31, 1<<32-1)
	}
	n := len(all) / words
	b := g.bytes(n*max(length, 4*words) + 8)
	for i, word := range all {
		binary.LittleEndian.PutUint32(b[i/words*max(length, 4*words)+i%words*4:], word)
	}
	if length > 4*words && chance(g, 40) {
		b[4*words+g.Intn(length-4*words)] = 1
	}
	if chance(g, 8) {
		n += pick(g, -1, 1, 1<<27, 1<<32-1-n)
	}
	if chance(g, 4) {
		at = g.doubtfulAddress()
	}
	a.Set(count, 4, uint64(uint32(n)))
	a.Set(size, 4, uint64(length))
	a.Set(list, 8, at)
	g.write(c, at, b)
}

// functionStarts are the instructions with which the functions of a drawn program begin.
func functionStarts(code []byte) []uint32 {
	if code[0] == 0x85 {
		return []uint32{0, 2}
	}
	return []uint32{0}
}

// wantRecords asks for the records of a program in struct bpf_prog_info.
func (g *generator) wantRecords(info program.Attr) {
	if chance(g, 50) {
		info.Set(abi.ProgInfoNrFuncInfo, 4, pick[uint64](g, 2, 2, 1))
		info.Set(abi.ProgInfoFuncInfoRecSize, 4, pick[uint64](g, 8, 8, 8, 8, 12))
		info.Set(abi.ProgInfoFuncInfo, 8, valuesAt+2560)
	}
	if chance(g, 50) {
		info.Set(abi.ProgInfoNrLineInfo, 4, pick[uint64](g, 2, 2, 1))
		info.Set(abi.ProgInfoLineInfoRecSize, 4, pick[uint64](g, 16, 16, 16, 16, 8))
		info.Set(abi.ProgInfoLineInfo, 8, pick(g, valuesAt+2816, valuesAt+2816, g.doubtfulAddress()))
	}
}
