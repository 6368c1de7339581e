package program

import (
	"encoding/binary"
	"slices"

	"github.com/bpfsim/bpfsim/abi"
)

// Numbers of PROG_LOAD.
const (
	testRandomHi32 = 1 << 2 // BPF_F_TEST_RND_HI32: the verifier adds random instructions
	maxInsns       = 1_000_000
	insnSize       = 8
)

// load leaves programs alone of which it is known what every verifier says. Where that is not known the call has no instructions at
// all, which is refused; so are types that a kernel may not have.
func (t *sanitizer) load() {
	t.set(abi.ProgLoadFlags, 4, t.get(abi.ProgLoadFlags, 4)&^testRandomHi32)
	t.set(abi.ProgLoadSignature, 8, 0)
	if t.get(abi.ProgLoadIfindex, 4) > 1 {
		t.set(abi.ProgLoadIfindex, 4, Nowhere)
	}
	typ := abi.ProgType(t.get(abi.ProgLoadType, 4))
	switch typ {
	case abi.ProgTracing:
		if abi.AttachType(t.get(abi.ProgLoadAttachType, 4)) != abi.AttachTraceIter {
			t.set(abi.ProgLoadType, 4, uint64(abi.NumProgTypes+typ))
			break
		}
		t.iterator()
	case abi.ProgExt, abi.ProgLSM, abi.ProgLIRCMode2, abi.ProgStructOps:
		t.set(abi.ProgLoadType, 4, uint64(abi.NumProgTypes+typ))
	}
	t.records()
	t.programLog()
	if attached(typ) {
		t.set(abi.ProgLoadFDArrayCnt, 4, 0)
	}
	t.fdArray()
	if n := t.get(abi.ProgLoadInsnCnt, 4); n <= maxInsns && !t.known(typ, n) {
		t.set(abi.ProgLoadInsnCnt, 4, 0)
	}
}

// attached reports whether programs of the type are attached to cgroups. Those hold no maps from the start: if it is a storage of cgroups it
// gets an element then, with a number of this machine's for its key.
func attached(typ abi.ProgType) bool {
	switch typ {
	case abi.ProgCgroupSKB, abi.ProgCgroupSock, abi.ProgCgroupSockAddr, abi.ProgSockOps, abi.ProgCgroupDevice, abi.ProgCgroupSysctl,
		abi.ProgCgroupSockopt:
		return true
	}
	return false
}

// programLog takes away a log, whose text is not Linux's, but not one that is refused.
func (t *sanitizer) programLog() {
	level, size, buf := t.get(abi.ProgLoadLogLevel, 4), t.get(abi.ProgLoadLogSize, 4), t.get(abi.ProgLoadLogBuf, 8)
	if (buf != 0) != (size > 0) || buf != 0 && level == 0 || level > 15 || size >= 1<<30 {
		return
	}
	t.set(abi.ProgLoadLogLevel, 4, 0)
	t.set(abi.ProgLoadLogSize, 4, 0)
	t.set(abi.ProgLoadLogBuf, 8, 0)
}

// fdArray leaves no fd of the process in fd_array.
func (t *sanitizer) fdArray() {
	at, count := t.get(abi.ProgLoadFDArray, 8), t.get(abi.ProgLoadFDArrayCnt, 4)
	fds := t.arena.Span(at, int(4*max(min(count, ArenaSize/4), maxIndex+1)), ToRead)
	for ; len(fds) >= 4; fds = fds[4:] {
		if !programFD(int32(Word(fds[:4]))) {
			t.set(abi.ProgLoadFDArray, 8, 0)
			return
		}
	}
}

// maxIndex is the largest index in fd_array that instructions have.
const maxIndex = 3

// Codes of instructions.
const (
	codeLoad64 = 0x18
	codeMove   = 0xb7
	codeExit   = 0x95
)

// known reports whether the instructions, which end in a number for R0, only load maps and numbers before, or cannot be read at all.
func (t *sanitizer) known(typ abi.ProgType, count uint64) bool {
	size := int(count) * insnSize
	code := t.arena.Span(t.get(abi.ProgLoadInsns, 8), min(size, ArenaSize), ToRead)
	if len(code) < size {
		return true
	}
	if len(code) == 4*insnSize && calls(code) {
		code = code[2*insnSize:]
	}
	for len(code) > 2*insnSize {
		n := loadsOne(code)
		if n == 0 || attached(typ) && code[1]>>4 != 0 {
			return false
		}
		code = code[n:]
	}
	return len(code) == 2*insnSize && returns(typ, code)
}

// calls reports whether a program calls the function behind its end, and ends.
func calls(code []byte) bool {
	const call, exit = 0x1_0000_1085, codeExit
	return binary.LittleEndian.Uint64(code) == call && binary.LittleEndian.Uint64(code[insnSize:]) == exit
}

// loadsOne is the length of an instruction that loads a map or a number into another register than R0, 0 for others.
func loadsOne(code []byte) int {
	dst, src, imm := code[1]&15, code[1]>>4, int32(binary.LittleEndian.Uint32(code[4:]))
	if dst == 0 || dst > 9 || code[2] != 0 || code[3] != 0 {
		return 0
	}
	switch {
	case code[0] == codeMove && src == 0:
		return insnSize
	case code[0] != codeLoad64, len(code) < 2*insnSize, !Zero(code[insnSize:][:4]):
		return 0
	case src == 0, (src == 1 || src == 2) && programFD(imm), (src == 5 || src == 6) && imm >= 0 && imm <= maxIndex:
		return 2 * insnSize
	}
	return 0
}

// returns reports whether a program ends with a number that programs of the type may give back.
func returns(typ abi.ProgType, code []byte) bool {
	number := binary.LittleEndian.Uint32(code[4:])
	return code[0] == codeMove && Zero(code[1:4]) && (number == 1 || number == 0 && typ != abi.ProgCgroupSockAddr) &&
		code[insnSize] == codeExit && Zero(code[insnSize+1:2*insnSize])
}

// infoLists are the lists that struct bpf_prog_info names, by the offsets of count and address, and the size of an element.
var infoLists = [][3]uint64{
	{abi.ProgInfoXlatedLen, abi.ProgInfoXlated, 1}, {abi.ProgInfoNrMapIDs, abi.ProgInfoMapIDs, 4}, {abi.ProgInfoNrTags, abi.ProgInfoTags, 8},
	{abi.ProgInfoNrFuncInfo, abi.ProgInfoFuncInfo, 8}, {abi.ProgInfoNrLineInfo, abi.ProgInfoLineInfo, 16},
}

// compiled are the counts of what a compiler of the kernel's makes, and load time, which nobody compares.
var compiled = []uint64{abi.ProgInfoJitedLen, abi.ProgInfoNrJitedKsyms, abi.ProgInfoNrJitedFuncLens, abi.ProgInfoNrJitedLineInfo}

// programInfo asks for no list that lies over attr, the struct or another list, or that only begins in memory; and for nothing that
// is compiled.
func (t *sanitizer) programInfo(addr uint64) {
	size := t.get(abi.InfoLen, 4)
	field := func(offset uint64, n int) []byte {
		if offset+uint64(n) > size {
			return nil
		}
		return t.arena.Span(addr+offset, n, ToPoke)
	}
	for _, offset := range compiled {
		if offset != abi.ProgInfoJitedLen || !asksForName(size, t.arena.Span(addr, abi.LinkInfoSize, ToRead)) {
			clear(field(offset, 4))
		}
	}
	taken := []span{{t.get(abi.InfoPtr, 8), abi.ProgInfoSize}}
	for _, l := range infoLists {
		count, at := field(l[0], 4), field(l[1], 8)
		if len(count) < 4 || len(at) < 8 {
			continue
		}
		list := span{Word(at), Word(count) * l[2]}
		if t.spoils(list, taken) {
			clear(count)
			continue
		}
		taken = append(taken, list)
	}
}

// span is a piece of memory.
type span struct{ at, size uint64 }

func (s span) overlaps(o span) bool { return s.at < o.at+o.size && o.at < s.at+s.size }

// spoils reports whether a list has part of its place in memory, or shares it.
func (t *sanitizer) spoils(list span, taken []span) bool {
	if list.size == 0 || len(t.arena.Span(list.at, 1, ToWrite)) == 0 {
		return false
	}
	if list.size > ArenaSize || len(t.arena.Span(list.at, int(list.size), ToWrite)) < int(list.size) {
		return true
	}
	return slices.ContainsFunc(append(taken, span{t.addr, uint64(len(t.attr))}), list.overlaps)
}
