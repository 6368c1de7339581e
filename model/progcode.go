package model

import (
	"crypto/sha256"
	"encoding/binary"
	"iter"
	"slices"
)

// tag is a hash of the program without its fds of maps (bpf_prog_calc_tag in kernel/bpf/core.c).
func (p *prog) tag() []byte {
	code := slices.Clone(p.code)
	for _, l := range p.loads {
		if src := code[l.at+1] >> 4; src == loadFD || src == loadValue {
			binary.LittleEndian.PutUint32(code[l.at+4:], 0)
			binary.LittleEndian.PutUint32(code[l.at+12:], 0)
		}
	}
	return tagOf(code)
}

func tagOf(code []byte) []byte {
	sum := sha256.Sum256(code)
	return sum[:8]
}

// tags are those of the program's functions. One among others has its calls on the way to be compiled: with the number of the function for
// an offset, and 1 for the address (measured).
func (p *prog) tags() (tags []byte) {
	starts := p.starts()
	if len(starts) == 1 {
		return p.tag()
	}
	code := slices.Clone(p.code)
	for at := range p.calls() {
		number, _ := slices.BinarySearch(starts, p.called(at))
		binary.LittleEndian.PutUint16(code[at+2:], uint16(number))
		binary.LittleEndian.PutUint32(code[at+4:], 1)
	}
	for i, start := range starts {
		end := len(code)
		if i+1 < len(starts) {
			end = starts[i+1] * insnSize
		}
		tags = append(tags, tagOf(code[start*insnSize:end])...)
	}
	return tags
}

// A call of a function of the program's own.
const (
	codeCall     = 0x85
	callFunction = 1
)

// calls are where the code calls functions of the program's own.
func (p *prog) calls() iter.Seq[int] {
	return func(yield func(int) bool) {
		for at := 0; at < len(p.code); at += insnSize {
			if p.code[at] == codeCall && p.code[at+1]>>4 == callFunction && !yield(at) {
				return
			}
		}
	}
}

// called is the first instruction of the function that a call names by its distance.
func (p *prog) called(at int) int { return at/insnSize + 1 + int(int32(u32(p.code[at+4:]))) }

// starts are the instructions with which functions begin.
func (p *prog) starts() []int {
	starts := []int{0}
	for at := range p.calls() {
		starts = append(starts, p.called(at))
	}
	slices.Sort(starts)
	return slices.Compact(starts)
}

// insns is how many instructions the program has, those of two slots counted once.
func (p *prog) insns() int {
	n := len(p.code) / insnSize
	for at := 0; at < len(p.code); at += insnSize {
		if p.code[at] == codeLoad64 {
			n--
			at += insnSize
		}
	}
	return n
}

// xlated is the code as the kernel shows it: with ids of maps in the place of fds, and addresses in arenas as numbers. id is that of a load's map.
func (p *prog) xlated(id func(l mapLoad) uint32) []byte {
	code := slices.Clone(p.code)
	for at := range p.calls() { // the number of the function in the place of the distance, which is the offset
		number, _ := slices.BinarySearch(p.starts(), p.called(at))
		binary.LittleEndian.PutUint16(code[at+2:], uint16(u32(code[at+4:])))
		binary.LittleEndian.PutUint32(code[at+4:], uint32(number))
	}
	for _, l := range p.loads {
		if l.address != 0 {
			code[l.at+1] &= 15
			binary.LittleEndian.PutUint32(code[l.at+4:], uint32(l.address))
			binary.LittleEndian.PutUint32(code[l.at+12:], uint32(l.address>>32))
			continue
		}
		binary.LittleEndian.PutUint32(code[l.at+4:], id(l))
		switch code[l.at+1] >> 4 {
		case loadIdx:
			code[l.at+1] = code[l.at+1]&15 | loadFD<<4
		case loadIdxValue:
			code[l.at+1] = code[l.at+1]&15 | loadValue<<4
		}
	}
	return code
}
