package live

import (
	"slices"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/explore"
)

// wholeBuckets are kept by a walk that reads each bucket, or each index, once; those of an array's values aside.
var wholeBuckets = []string{
	"stable-coverage", "stable-exactness", "no-duplicates", "bounded-termination", "cursor-progress",
}

// Promised are the contracts that the walk must keep, whatever the case's mix does; the others may break.
func (c Case) Promised() []string {
	var promised []string
	way := c.Walk.Way
	if c.Shape.Type == abi.Array || slices.Contains([]string{"lookup-batch", "take-batch", "dump-bucket"}, way) {
		promised = append(promised, wholeBuckets...)
	}
	if c.Mix.InPlace {
		return promised
	}
	locked := []string{"lookup-batch", "take-batch", "next+take", "dump-bucket", "dump-delete", "dump-delete-bucket"}
	if c.Shape.Type != abi.Array && slices.Contains(locked, way) {
		promised = append(promised, "no-invention")
	}
	if c.removes() {
		promised = append(promised, "conservation")
	}
	return promised
}

func (c Case) removes() bool {
	way, _ := explore.WayByName(c.Walk.Way)
	return way.Removes
}
