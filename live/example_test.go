package live_test

import (
	"fmt"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/explore"
	"github.com/bpfsim/bpfsim/live"
)

// Two threads insert and take keys while a third one empties the map: nothing is lost, nothing is taken twice.
func Example() {
	shape := explore.Shape{Type: abi.Hash, Entries: 16, Value: 8}
	takers := live.Mixes(abi.Hash)[2]
	result, err := live.Stress(live.NewBpfsim(2), live.Case{
		Shape: shape, Walk: explore.Walk{Way: "take-batch", Room: 4}, Mix: takers,
	}, 10)
	fmt.Println(result.Case, err)
	fmt.Println(result.Walks, "walks,", result.Broken["linearizability"], "lost or took something twice")
	// Output:
	// HASH, 8 bytes | take-batch | inserts, takes <nil>
	// 10 walks, 0 lost or took something twice
}
