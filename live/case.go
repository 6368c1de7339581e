package live

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/explore"
)

// Case is a walk of a map that a mix of operations changes meanwhile.
type Case struct {
	Shape explore.Shape
	Walk  explore.Walk
	Mix   Mix
}

// String is the case as tables show it.
func (c Case) String() string {
	return fmt.Sprintf("%s | %s | %s", c.shape(), c.Walk.Way, c.Mix.Name)
}

func (c Case) shape() string {
	name := strings.TrimPrefix(c.Shape.Type.String(), "BPF_MAP_TYPE_")
	if c.Shape.Flags&abi.FlagNoPrealloc != 0 {
		name += " NO_PREALLOC"
	}
	return fmt.Sprintf("%s, %d bytes", name, c.Shape.Value)
}

// Shapes are the maps that are walked. A small hash table has full buckets. The LRU is so large that it never evicts:
// two CPUs keep less than half of it in their free lists (bpf_lru_list.c), so that no key goes by itself.
func Shapes() []explore.Shape {
	return []explore.Shape{
		{Type: abi.Hash, Entries: allKeys, Value: 8},
		{Type: abi.Hash, Entries: allKeys, Value: 64},
		{Type: abi.Hash, Flags: abi.FlagNoPrealloc, Entries: allKeys, Value: 64},
		{Type: abi.LRUHash, Entries: 256, Value: 64},
		{Type: abi.Array, Entries: allKeys, Value: 8},
		{Type: abi.Array, Entries: allKeys, Value: 64},
	}
}

// Cases are all walks of the shapes by the ways that the machine knows, under each mix of system calls.
func Cases(m Machine) []Case {
	var all []Case
	for _, shape := range Shapes() {
		for _, mix := range Mixes(shape.Type) {
			all = append(all, CasesOf(m, shape, mix)...)
		}
	}
	return all
}

// CasesOf are the walks of one shape under one mix.
func CasesOf(m Machine, shape explore.Shape, mix Mix) []Case {
	var all []Case
	for _, way := range explore.Ways() {
		if m.Knows(way) && slices.Contains(way.Types, shape.Type) {
			all = append(all, Case{shape, explore.Walk{Way: way.Name, Room: 4}, mix})
		}
	}
	return all
}
