package model_test

import (
	"slices"
	"testing"

	"github.com/bpfsim/bpfsim/model"
	"github.com/stretchr/testify/require"
)

// kept is a history in which the walk keeps every promise: a and b are there throughout, c comes and goes before it.
func kept() model.History {
	return model.History{
		Writes: []model.Write{
			{Start: 1, End: 2, Key: "a", Value: "1"},
			{Start: 3, End: 4, Key: "b", Value: "1"},
			{Start: 5, End: 6, Key: "c", Value: "1"},
			{Start: 7, End: 8, Key: "c", Value: "1", Removed: true},
		},
		Walk: model.Walk{Ended: true, Removes: true, Calls: []model.WalkCall{
			{Start: 10, End: 12, Records: []model.Pair{{Key: "a", Value: "1"}}, Cursor: "a"},
			{Start: 14, End: 16, Records: []model.Pair{{Key: "b", Value: "1"}}, Cursor: "b"},
			{Start: 18, End: 20},
		}},
		Left:  map[string]string{},
		Bound: 4,
	}
}

func record(h *model.History, start int64, key, value, cursor string) {
	call := model.WalkCall{Start: start, End: start + 1, Records: []model.Pair{{Key: key, Value: value}}, Cursor: cursor}
	h.Walk.Calls = slices.Insert(h.Walk.Calls, len(h.Walk.Calls)-1, call)
}

func write(h *model.History, start, end int64, key, value string) {
	h.Writes = append(h.Writes, model.Write{Start: start, End: end, Key: key, Value: value})
}

func remove(h *model.History, start, end int64, key, value string) {
	h.Writes = append(h.Writes, model.Write{Start: start, End: end, Key: key, Value: value, Removed: true})
}

func evict(h *model.History, at int64, key string) {
	h.Writes = append(h.Writes, model.Write{Start: at, End: at, Key: key, Removed: true, Evicted: true})
}

func TestContractsAcceptAWalkThatKeepsThemAll(t *testing.T) {
	for _, c := range model.Contracts() {
		require.Equal(t, model.Judgement{Asked: true}, c.Check(kept()), c.Name)
	}
}

// Each contract catches the breach that it exists for.
func TestContractsCatch(t *testing.T) {
	tests := []struct {
		contract, name string
		breach         func(h *model.History)
	}{
		{"no-invention", "a key nobody wrote", func(h *model.History) { record(h, 17, "z", "1", "z") }},
		{"no-invention", "half of one value and half of another", func(h *model.History) {
			write(h, 11, 15, "b", "2222")
			h.Walk.Calls[1].Records[0].Value = "2211"
		}},
		{"no-invention", "a value overwritten before the call", func(h *model.History) { write(h, 9, 10, "b", "2") }},
		{"no-invention", "a key removed before the call", func(h *model.History) { remove(h, 11, 13, "b", "") }},
		{"stable-coverage", "a key left out", func(h *model.History) { h.Walk.Calls[1].Records = nil }},
		{"stable-coverage", "a key left out while it was updated", func(h *model.History) {
			write(h, 11, 13, "b", "2")
			h.Walk.Calls[1].Records = nil
		}},
		{"stable-coverage", "a key left out of a map that evicted another", func(h *model.History) {
			evict(h, 11, "a")
			h.Walk.Calls[1].Records = nil
		}},
		{"stable-exactness", "an unchanged key twice", func(h *model.History) { record(h, 17, "a", "1", "a2") }},
		{"no-duplicates", "a changed key twice", func(h *model.History) {
			write(h, 13, 14, "a", "2")
			record(h, 17, "a", "2", "a2")
		}},
		{"bounded-termination", "more records than the shape allows", func(h *model.History) {
			for range 3 {
				record(h, 17, "a", "1", "a")
			}
		}},
		{"bounded-termination", "calls without an end", func(h *model.History) {
			h.Walk.Calls = append(h.Walk.Calls, make([]model.WalkCall, 3)...)
			h.Walk.Ended = false
		}},
		{"snapshot", "two keys that were never there together", func(h *model.History) {
			remove(h, 12, 13, "a", "")
			write(h, 14, 15, "d", "1")
			record(h, 17, "d", "1", "d")
		}},
		{"conservation", "a write into an element already taken", func(h *model.History) { write(h, 17, 18, "b", "2") }},
		{"conservation", "a pair lost in a map that evicted another", func(h *model.History) {
			write(h, 3, 4, "d", "1")
			evict(h, 5, "e")
		}},
		{"no-invention", "a key evicted before the call", func(h *model.History) { evict(h, 13, "b") }},
		{"conservation", "a pair taken and still there", func(h *model.History) { h.Left["a"] = "1" }},
		{"cursor-progress", "a cursor that comes back", func(h *model.History) { record(h, 17, "c", "1", "a") }},
	}
	for _, test := range tests {
		t.Run(test.contract+"/"+test.name, func(t *testing.T) {
			c, ok := model.ContractByName(test.contract)
			require.True(t, ok)
			h := kept()
			test.breach(&h)
			require.NotEmpty(t, c.Check(h).Breach)
			require.True(t, c.Check(h).Asked)
		})
	}
}

// What a history cannot prove, a contract must not hold against the walk.
func TestContractsDoNotBlame(t *testing.T) {
	tests := []struct {
		contract, name string
		change         func(h *model.History)
	}{
		{"no-invention", "either value of a concurrent update", func(h *model.History) { write(h, 13, 15, "b", "2") }},
		{"stable-coverage", "a key removed meanwhile", func(h *model.History) {
			remove(h, 11, 13, "b", "")
			h.Walk.Calls[1].Records = nil
		}},
		{"stable-coverage", "a key that the map evicted", func(h *model.History) {
			evict(h, 9, "b")
			h.Walk.Calls[1].Records = nil
		}},
		{"stable-exactness", "a key removed and put back", func(h *model.History) {
			remove(h, 13, 14, "a", "1")
			write(h, 15, 16, "a", "1")
			record(h, 17, "a", "1", "a2")
		}},
		{"snapshot", "a concurrent insert not seen", func(h *model.History) { write(h, 11, 17, "d", "1") }},
		{"conservation", "a value that an update replaced", func(h *model.History) {
			write(h, 9, 9, "b", "2")
			h.Walk.Calls[1].Records[0].Value = "2"
		}},
		{"conservation", "a pair that the map evicted", func(h *model.History) {
			write(h, 3, 4, "d", "1")
			evict(h, 5, "d")
		}},
	}
	for _, test := range tests {
		t.Run(test.contract+"/"+test.name, func(t *testing.T) {
			c, ok := model.ContractByName(test.contract)
			require.True(t, ok)
			h := kept()
			test.change(&h)
			require.Empty(t, c.Check(h).Breach)
		})
	}
}

// What was taken is asked about although another write may have replaced it: it may have been taken twice.
func TestConservationAsksOfWhatWasTaken(t *testing.T) {
	h := kept()
	h.Writes = h.Writes[:1]
	write(&h, 2, 3, "a", "2")
	evict(&h, 21, "a")
	h.Walk.Calls = slices.Delete(h.Walk.Calls, 1, 2)
	c, _ := model.ContractByName("conservation")
	require.Equal(t, model.Judgement{Asked: true}, c.Check(h))
	h.Left["a"] = "1"
	require.NotEmpty(t, c.Check(h).Breach)
}

// A contract says when there was nothing to break, so that nobody takes that for a promise kept.
func TestContractsTellThatTheyAskedNothing(t *testing.T) {
	tests := []struct {
		contract, name string
		change         func(h *model.History)
	}{
		{"no-invention", "nothing returned", func(h *model.History) { h.Walk.Calls = h.Walk.Calls[2:] }},
		{"stable-coverage", "no end", func(h *model.History) { h.Walk.Ended = false }},
		{"stable-coverage", "all keys evicted", func(h *model.History) {
			evict(h, 11, "a")
			evict(h, 11, "b")
		}},
		{"stable-exactness", "all keys changed", func(h *model.History) {
			write(h, 11, 11, "a", "2")
			write(h, 11, 11, "b", "2")
		}},
		{"no-duplicates", "one pair", func(h *model.History) { h.Walk.Calls = h.Walk.Calls[1:] }},
		{"bounded-termination", "no walk", func(h *model.History) { h.Walk.Calls = nil }},
		{"snapshot", "no end", func(h *model.History) { h.Walk.Ended = false }},
		{"conservation", "a walk that leaves all where it is", func(h *model.History) { h.Walk.Removes = false }},
		{"conservation", "all evicted, and nothing taken", func(h *model.History) {
			h.Writes, h.Walk.Calls = h.Writes[:1], h.Walk.Calls[2:]
			evict(h, 3, "a")
		}},
		{"cursor-progress", "one call", func(h *model.History) { h.Walk.Calls = h.Walk.Calls[1:] }},
	}
	asked := make(map[string]bool)
	for _, test := range tests {
		t.Run(test.contract+"/"+test.name, func(t *testing.T) {
			c, ok := model.ContractByName(test.contract)
			require.True(t, ok)
			h := kept()
			test.change(&h)
			require.Equal(t, model.Judgement{}, c.Check(h))
			asked[test.contract] = true
		})
	}
	require.Len(t, asked, len(model.Contracts()))
}
