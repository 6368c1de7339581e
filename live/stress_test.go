package live

import (
	"flag"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/explore"
	"github.com/bpfsim/bpfsim/model"
	"github.com/bpfsim/bpfsim/proptest/kernel/kerneltest"
)

var walks = flag.Int("walks", 20, "walks of each case of the stress; a quarter with -short")

// TestMain lets more threads run than there are CPUs, so that Linux interleaves them and not Go, which does it rarely.
func TestMain(m *testing.M) {
	flag.Parse()
	if testing.Short() {
		*walks, *histories, *lookups, *tries = max(1, *walks/4), max(1, *histories/4), max(1, *lookups/4), max(1, *tries/4)
	}
	runtime.GOMAXPROCS(max(4, runtime.NumCPU()))
	os.Exit(m.Run())
}

// onMachines runs the test on bpfsim and on Linux.
func onMachines(t *testing.T, test func(t *testing.T, m Machine)) {
	t.Run("bpfsim", func(t *testing.T) { test(t, NewBpfsim(2)) })
	t.Run("Linux", func(t *testing.T) { test(t, linuxMachine(t)) })
}

// linuxMachine skips the test where bpf(2) is refused, unless BPFSIM_REQUIRE_KERNEL is set.
func linuxMachine(t *testing.T) Machine {
	t.Helper()
	m, err := Linux()
	kerneltest.Need(t, err)
	return m
}

func TestWalksOfChangingMaps(t *testing.T) {
	onMachines(t, func(t *testing.T, m Machine) {
		var results []Result
		for _, c := range Cases(m) {
			result, err := Stress(m, c, *walks)
			require.NoError(t, err, c)
			require.NoError(t, result.Kept())
			require.Equal(t, *walks, result.Walks)
			require.Positive(t, result.Records, c)
			require.Positive(t, result.Writes, c)
			results = append(results, result)
		}
		t.Log("walks that broke a contract:\n" + Table(results))
	})
}

// Walks with room for all elements at once, which bpfsim copies in one step out of packed pages: in each layout of elements
// (maps/layout.go), beside all that others can do.
func TestWalksInOneStep(t *testing.T) {
	onMachines(t, func(t *testing.T, m Machine) {
		for _, value := range []int{8, 40, 160} {
			shape := explore.Shape{Type: abi.Hash, Entries: 64, Value: value}
			mixes := Mixes(shape.Type)
			for _, c := range CasesOf(m, shape, mixes[len(mixes)-1]) {
				c.Walk.Room = 64
				result, err := Stress(m, c, 2**walks)
				require.NoError(t, err, c)
				require.NoError(t, result.Kept())
				require.Positive(t, result.Records, c)
			}
		}
	})
}

// What a broken walker does to the first record of each walk is noticed, whatever else happens.
func TestJudgeBlamesBrokenWalkers(t *testing.T) {
	drop := func([]model.Pair) []model.Pair { return nil }
	repeat := func(first []model.Pair) []model.Pair { return append(first, first...) }
	tear := func(first []model.Pair) []model.Pair {
		torn := first[0].Value[:8] + strings.Repeat("\xff", len(first[0].Value)-8)
		return []model.Pair{{Key: first[0].Key, Value: torn}}
	}
	for _, c := range []struct {
		name, way, contract string
		spoil               func(first []model.Pair) []model.Pair
	}{
		{"drop", "lookup-batch", "stable-coverage", drop},
		{"drop", "take-batch", "linearizability", drop},
		{"repeat", "lookup-batch", "no-duplicates", repeat},
		{"repeat", "lookup-batch", "stable-exactness", repeat},
		{"repeat", "next+take", "linearizability", repeat},
		{"tear", "lookup-batch", "no-invention", tear},
	} {
		t.Run(c.name+"/"+c.way+"/"+c.contract, func(t *testing.T) {
			onMachines(t, func(t *testing.T, m Machine) {
				shape := explore.Shape{Type: abi.Hash, Entries: allKeys, Value: 64}
				s := newStress(m, Case{shape, explore.Walk{Way: c.way, Room: 4}, Mixes(abi.Hash)[0]})
				s.spoil = spoilStable(c.spoil)
				require.NoError(t, s.run(3))
				require.Equal(t, 3, s.result.Broken[c.contract], s.result.Broken)
				require.Error(t, s.result.Kept())
			})
		})
	}
}

// spoilStable spoils the records of a key that nobody changes.
func spoilStable(spoil func([]model.Pair) []model.Pair) func(model.WalkCall) model.WalkCall {
	return func(call model.WalkCall) model.WalkCall {
		var pairs []model.Pair
		for _, pair := range call.Records {
			if pair.Key == keyOf(crowded[0]) {
				pairs = append(pairs, spoil([]model.Pair{pair})...)
				continue
			}
			pairs = append(pairs, pair)
		}
		call.Records = pairs
		return call
	}
}

// Keys that are alone in their buckets would not feel each other's changes.
func TestCrowdedKeysShareBuckets(t *testing.T) {
	for _, shape := range Shapes() {
		if shape.Type == abi.Array {
			continue
		}
		c := Case{shape, explore.Walk{Way: "dump-bucket", Room: 3}, Mixes(shape.Type)[0]}
		s := newStress(NewBpfsim(1), c)
		var sizes []int
		s.spoil = func(call model.WalkCall) model.WalkCall {
			sizes = append(sizes, len(call.Records))
			return call
		}
		require.NoError(t, s.run(1))
		require.Equal(t, []int{3, 3, 3, 3, 0}, sizes, "%d keys in 4 buckets", startKeys)
	}
}
