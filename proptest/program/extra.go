package program

import "github.com/bpfsim/bpfsim/model"

// ExtraBase is where the memory lies that a program has beside the arena (Machine.Memory): far from all that Go, libraries and the race detector
// map.
const ExtraBase uint64 = 0x1100_0000_0000

// MaxExtra is the most that a program may ask for, in bytes.
const MaxExtra = 64 << 20

// Extend gives the arena memory at ExtraBase.
func (a *Arena) Extend(bytes []byte) {
	a.extra = bytes
	a.regions = append(a.regions[:numRegions:numRegions], model.Region{Addr: ExtraBase, Bytes: bytes})
	if len(bytes) == 0 {
		a.regions = a.regions[:numRegions]
	}
}

// numRegions is the number of regions of an arena that was not extended.
const numRegions = 3

func (a *Arena) extraSpan(addr uint64, n int) []byte {
	if n <= 0 || addr < ExtraBase || addr-ExtraBase >= uint64(len(a.extra)) {
		return nil
	}
	rest := a.extra[addr-ExtraBase:]
	return rest[:min(n, len(rest))]
}

// inExtra reports whether an address is one where memory beside the arena may lie, and nothing else does.
func inExtra(addr uint64) bool { return addr >= ExtraBase && addr < ExtraBase+MaxExtra+PageSize }
