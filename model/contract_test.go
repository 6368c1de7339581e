package model_test

import (
	"slices"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/model"
	"github.com/stretchr/testify/require"
)

// kept is a history in which the walk keeps every promise: a and b are there throughout, c comes and goes before it.
func kept() model.History {
	h := model.History{
		Walk: model.Walk{Ended: true, Calls: []model.WalkCall{
			{Start: 10, End: 12, Records: []model.Pair{{Key: "a", Value: "1"}}, Cursor: "a"},
			{Start: 14, End: 16, Records: []model.Pair{{Key: "b", Value: "1"}}, Cursor: "b"},
			{Start: 18, End: 20, Cursor: "b"},
		}},
		Left:     map[string]string{"a": "1", "b": "1"},
		Bound:    4,
		Capacity: 2,
	}
	write(&h, 1, 2, "a", "1")
	write(&h, 3, 4, "b", "1")
	write(&h, 5, 6, "c", "1")
	remove(&h, 7, 8, "c", "1")
	return h
}

// keptFor is kept, by a walk that the contract asks about.
func keptFor(contract string) model.History {
	h := kept()
	if contract == "linearizability" {
		h.Walk.Removes, h.Left = true, map[string]string{}
	}
	return h
}

func record(h *model.History, start int64, key, value, cursor string) {
	call := model.WalkCall{Start: start, End: start + 1, Records: []model.Pair{{Key: key, Value: value}}, Cursor: cursor}
	h.Walk.Calls = slices.Insert(h.Walk.Calls, len(h.Walk.Calls)-1, call)
}

func write(h *model.History, start, end int64, key, value string) {
	h.Writes = append(h.Writes, model.Write{Start: start, End: end, Key: key, Value: value})
	told(h, start, end, key, value, model.Put)
}

func remove(h *model.History, start, end int64, key, value string) {
	h.Writes = append(h.Writes, model.Write{Start: start, End: end, Key: key, Value: value, Removed: true})
	effect := model.Took
	if value == "" {
		effect = model.Removed
	}
	told(h, start, end, key, value, effect)
}

func evict(h *model.History, at int64, key string) {
	h.Writes = append(h.Writes, model.Write{Start: at, End: at, Key: key, Removed: true, Evicted: true})
	told(h, at, at, key, "", model.Removed)
}

func told(h *model.History, start, end int64, key, value string, effect model.Effect) {
	h.Operations = append(h.Operations, model.Operation{Start: start, End: end, Key: key, Value: value, Effect: effect})
}

func TestContractsAcceptAWalkThatKeepsThemAll(t *testing.T) {
	for _, c := range model.Contracts() {
		require.Equal(t, model.Judgement{Asked: true}, c.Check(keptFor(c.Name)), c.Name)
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
			for _, cursor := range []string{"c", "d", "e"} {
				record(h, 17, "a", "1", cursor)
			}
		}},
		{"bounded-termination", "calls without an end", func(h *model.History) {
			for room := range 3 {
				h.Walk.Calls = append(h.Walk.Calls, model.WalkCall{Room: room})
			}
			h.Walk.Ended = false
		}},
		{"bounded-termination", "200 calls that return nothing and stay where they are", func(h *model.History) { stay(h, 200) }},
		{"cursor-progress", "200 calls that return nothing and stay where they are", func(h *model.History) { stay(h, 200) }},
		{"snapshot", "two keys that were never there together", func(h *model.History) {
			remove(h, 12, 13, "a", "")
			write(h, 14, 15, "d", "1")
			record(h, 17, "d", "1", "d")
		}},
		{"linearizability", "a write into an element already taken", func(h *model.History) { told(h, 13, 18, "b", "2", model.Overwrote) }},
		{"linearizability", "a value that is lost after it was taken", func(h *model.History) { write(h, 17, 18, "b", "2") }},
		{"linearizability", "a pair lost in a map that evicted another", func(h *model.History) {
			write(h, 3, 4, "d", "1")
			write(h, 3, 4, "e", "1")
			evict(h, 5, "e")
		}},
		{"linearizability", "a delete that succeeds after the walk has taken the key", func(h *model.History) { remove(h, 13, 14, "a", "") }},
		{"linearizability", "an insert that succeeds where the key must be", func(h *model.History) {
			told(h, 8, 9, "a", "1", model.Added)
		}},
		{"linearizability", "a walk of a map that evicts, which loses everything", func(h *model.History) {
			evict(h, 13, "a")
			h.Walk.Calls = h.Walk.Calls[2:]
		}},
		{"linearizability", "an insert that fails where the key cannot be", func(h *model.History) { told(h, 13, 15, "a", "", model.FoundPresent) }},
		{"linearizability", "a delete that fails where the key must be", func(h *model.History) { told(h, 3, 9, "a", "", model.FoundAbsent) }},
		{"linearizability", "a key nobody wrote", func(h *model.History) { record(h, 17, "z", "1", "z") }},
		{"linearizability", "half of one value and half of another", func(h *model.History) {
			write(h, 11, 15, "b", "2222")
			h.Walk.Calls[1].Records[0].Value = "2211"
		}},
		{"linearizability", "a pair that the walk and another both took", func(h *model.History) { remove(h, 9, 17, "b", "1") }},
		{"linearizability", "a part that another part's write undid", func(h *model.History) {
			part(h, 5, "d", "1", 0)
			part(h, 6, "d", "2", 1)
			record(h, 17, "d", "\x002", "d")
		}},
		{"linearizability", "an order that no two keys' instants share, of one key", func(h *model.History) {
			write(h, 9, 30, "a", "2")
			write(h, 9, 30, "a", "3")
			remove(h, 31, 32, "a", "2")
			h.Left["a"] = "3"
		}},
		{"no-invention", "a key evicted before the call", func(h *model.History) { evict(h, 13, "b") }},
		{"linearizability", "a pair taken and still there", func(h *model.History) { h.Left["a"] = "1" }},
		{"capacity", "more keys than there is room for", func(h *model.History) { h.Capacity = 1 }},
		{"capacity", "a key refused where there is room", func(h *model.History) {
			told(h, 9, 13, "d", "", model.FoundFull)
			h.Capacity = 3
		}},
		{"capacity", "a key refused before the map was full", func(h *model.History) {
			write(h, 15, 16, "d", "1")
			told(h, 9, 13, "e", "", model.FoundFull)
			h.Capacity = 3
		}},
		{"capacity", "a key refused after another one was removed", func(h *model.History) { told(h, 9, 13, "d", "", model.FoundFull); h.Capacity = 3 }},
		{"cursor-progress", "a cursor that comes back", func(h *model.History) { record(h, 17, "c", "1", "a") }},
	}
	for _, test := range tests {
		t.Run(test.contract+"/"+test.name, func(t *testing.T) {
			c, ok := model.ContractByName(test.contract)
			require.True(t, ok)
			h := keptFor(test.contract)
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
		{"bounded-termination", "calls that ask for more room", func(h *model.History) { grow(h) }},
		{"cursor-progress", "calls that ask for more room", func(h *model.History) { grow(h) }},
		{"capacity", "a key refused while another one came", func(h *model.History) {
			write(h, 12, 16, "d", "1")
			told(h, 9, 13, "e", "", model.FoundFull)
			h.Capacity = 3
		}},
		{"capacity", "a key refused while another one went", func(h *model.History) {
			told(h, 7, 9, "e", "", model.FoundFull)
			h.Capacity = 3
		}},
		{"bounded-termination", "calls that faulted", func(h *model.History) { fault(h, 8) }},
		{"cursor-progress", "calls that faulted", func(h *model.History) { fault(h, 8) }},
		{"linearizability", "a value that an update replaced", func(h *model.History) {
			write(h, 9, 9, "b", "2")
			h.Walk.Calls[1].Records[0].Value = "2"
		}},
		{"linearizability", "a pair that the map evicted", func(h *model.History) {
			write(h, 3, 4, "d", "1")
			evict(h, 5, "d")
		}},
		{"linearizability", "a write into an element that the walk may have taken afterwards", func(h *model.History) {
			told(h, 15, 15, "b", "2", model.Overwrote)
			h.Walk.Calls[1].Records[0].Value = "2"
		}},
		{"linearizability", "a key taken, put back and taken", func(h *model.History) {
			write(h, 9, 30, "a", "2")
			record(h, 17, "a", "2", "a2")
		}},
		{"linearizability", "an insert that failed before the walk and one that did not after it", func(h *model.History) {
			told(h, 9, 9, "a", "", model.FoundPresent)
			told(h, 13, 13, "a", "3", model.Added)
			told(h, 14, 14, "c", "", model.FoundAbsent)
			h.Left["a"] = "3"
		}},
		{"linearizability", "parts that are put together", func(h *model.History) {
			part(h, 5, "d", "1", 0)
			part(h, 6, "d", "2", 1)
			record(h, 17, "d", "12", "d")
		}},
	}
	for _, test := range tests {
		t.Run(test.contract+"/"+test.name, func(t *testing.T) {
			c, ok := model.ContractByName(test.contract)
			require.True(t, ok)
			h := keptFor(test.contract)
			test.change(&h)
			require.Empty(t, c.Check(h).Breach)
		})
	}
}

// stay adds calls that do nothing behind the walk's first one.
func stay(h *model.History, calls int) {
	h.Bound = 256
	for range calls {
		h.Walk.Calls = slices.Insert(h.Walk.Calls, 1, model.WalkCall{Start: 13, End: 13, Cursor: "a"})
	}
}

// fault adds calls that did so behind the walk's first one.
func fault(h *model.History, calls int) {
	for range calls {
		h.Walk.Calls = slices.Insert(h.Walk.Calls, 1, model.WalkCall{Start: 13, End: 13, Cursor: "a", Failed: abi.EFAULT})
	}
}

// grow adds calls that found too little room to the walk's beginning and to its middle.
func grow(h *model.History) {
	h.Bound = 8
	h.Walk.Calls = slices.Insert(h.Walk.Calls, 1, model.WalkCall{Start: 13, End: 13, Cursor: "a", Room: 2}, model.WalkCall{Start: 13, End: 13, Cursor: "a", Room: 4})
	h.Walk.Calls = slices.Insert(h.Walk.Calls, 0, model.WalkCall{Start: 9, End: 9, Room: 1})
}

// part writes a part of one byte of a value of two.
func part(h *model.History, at int64, key, value string, offset int) {
	h.Operations = append(h.Operations, model.Operation{
		Start: at, End: at, Key: key, Value: value, Offset: offset, Size: 2, Effect: model.Put,
	})
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
		{"no-invention", "a walk that takes what it returns", func(h *model.History) { h.Walk.Removes = true }},
		{"linearizability", "a walk that leaves all where it is", func(h *model.History) { h.Walk.Removes = false }},
		{"linearizability", "a map that nobody used", func(h *model.History) { h.Operations, h.Walk.Calls = nil, nil }},
		{"capacity", "a map that always holds all keys", func(h *model.History) { h.Capacity = 0 }},
		{"capacity", "a map with room for more", func(h *model.History) { h.Capacity = 8 }},
		{"cursor-progress", "one call", func(h *model.History) { h.Walk.Calls = h.Walk.Calls[1:] }},
	}
	asked := make(map[string]bool)
	for _, test := range tests {
		t.Run(test.contract+"/"+test.name, func(t *testing.T) {
			c, ok := model.ContractByName(test.contract)
			require.True(t, ok)
			h := keptFor(test.contract)
			test.change(&h)
			require.Equal(t, model.Judgement{}, c.Check(h))
			asked[test.contract] = true
		})
	}
	require.Len(t, asked, len(model.Contracts()))
}
