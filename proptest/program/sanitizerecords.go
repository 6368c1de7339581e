package program

import "github.com/bpfsim/bpfsim/abi"

// mostRecords is how many records of a kind a program has at most: Linux takes memory for all of them first.
const mostRecords = 64

// records bounds the records that describe a program, but where there are so many that none is looked at. Relocations are left if the first
// one is of no instruction: the others are made.
func (t *sanitizer) records() {
	const linesTooMany = 1 << 31 / 16
	if t.get(abi.ProgLoadFuncInfoCnt, 4) > mostRecords {
		t.set(abi.ProgLoadFuncInfoCnt, 4, mostRecords)
	}
	if n := t.get(abi.ProgLoadLineInfoCnt, 4); n > mostRecords && n < linesTooMany {
		t.set(abi.ProgLoadLineInfoCnt, 4, mostRecords)
	}
	const relos = 128
	first := t.arena.Span(t.get(relos, 8), 4, ToRead)
	if n := t.get(abi.ProgLoadCoreReloCnt, 4); len(first) < 4 || n > mostRecords ||
		Word(first)%insnSize == 0 && Word(first)/insnSize < t.get(abi.ProgLoadInsnCnt, 4) {
		t.set(abi.ProgLoadCoreReloCnt, 4, 0)
	}
}
