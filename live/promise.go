package live

import (
	"slices"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/explore"
)

// once is what a walk keeps that reads each bucket, or each index, once.
var once = []string{
	"stable-coverage", "stable-exactness", "no-duplicates", "bounded-termination", "cursor-progress",
}

// promises are the contracts that a walk of a hash table keeps whatever others do, in place or not.
var promises = map[string][]string{
	"dump-bucket":        once,
	"lookup-batch":       once,
	"take-batch":         once,
	"dump-delete":        {"stable-coverage", "stable-exactness"},
	"dump-delete-bucket": {"stable-coverage", "stable-exactness"},
}

// locked are the ways that copy a hash table's values under their bucket's lock, which only programs do without.
var locked = []string{"dump-bucket", "lookup-batch"}

// Promised are the contracts that the walk must keep, whatever the case's mix does; the others may break. They are those of
// docs/guarantees.md.
func (c Case) Promised() []string {
	if c.Shape.Type == abi.Array {
		return c.promisedByArray()
	}
	promised := slices.Clone(promises[c.Walk.Way])
	switch {
	case c.Mix.InPlace:
	case c.removes():
		promised = append(promised, "linearizability")
	case slices.Contains(locked, c.Walk.Way):
		promised = append(promised, "no-invention")
	}
	return promised
}

// promisedByArray: a word is read and written as a whole, in place or not.
func (c Case) promisedByArray() []string {
	if c.Shape.Value > 8 {
		return once
	}
	return append([]string{"no-invention"}, once...)
}

func (c Case) removes() bool {
	way, _ := explore.WayByName(c.Walk.Way)
	return way.Removes
}
