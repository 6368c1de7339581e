package generator

import (
	"fmt"

	"pgregory.net/rapid"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/explore"
)

// hashKeys meet in few buckets: with BPF_F_ZERO_SEED and 16 entries 3, 22, 24 and 34 share one, 35 and 44 another, and
// 17 is alone.
var hashKeys = []uint32{3, 22, 35, 24, 17, 34, 44}

// prefixKeys cover one another: key n covers 2n and 2n+1.
var prefixKeys = []uint32{4, 5, 2, 1, 9, 7, 3}

// Scenario invents a map, a walk of it and what others do meanwhile. The contract is to be chosen later: a run is judged by
// all of them.
func Scenario(source Source) explore.Scenario {
	kind := pick(source, explore.Kinds()...)
	s := explore.Scenario{
		Map: explore.Shape{
			Type: kind.Type, Flags: kind.Flags, Entries: pick[uint32](source, 2, 16, 4, 1, 32, 8), Value: pick(source, 8, 16, 24, 3, 7, 15, 1),
		},
		Walk:     explore.Walk{Way: pick(source, kind.Ways()...).Name, Room: 1 + source.Intn(4)},
		Contract: "snapshot",
	}
	keys := hashKeys
	if s.Map.IsArray() { // its keys, and one that it lacks
		keys = nil
		for key := range s.Map.Entries + 1 {
			keys = append(keys, key)
		}
	}
	if s.Map.Type == abi.LPMTrie {
		keys = prefixKeys
	}
	for range min(1+source.Intn(len(keys)), int(s.Map.Entries)) {
		s.Keys = append(s.Keys, pick(source, keys...))
	}
	for i := range 1 + source.Intn(3) {
		s.Tasks = append(s.Tasks, mutator(source, fmt.Sprint("t", i), keys))
	}
	if s.Map.Type == abi.LPMTrie {
		writeNothing(&s)
	}
	s.FitCPUs()
	fail(source, &s)
	if hashed := !s.Map.IsArray() && s.Map.Type != abi.LPMTrie; hashed && chance(source, 15) {
		s.Map.Key = pick(source, 12, 8, 64) // which may come in pieces
	}
	return s
}

// fail lets calls of some walks fault, and signals interrupt others.
func fail(source Source, s *explore.Scenario) {
	if chance(source, 15) {
		s.Walk.Fault = 1 + source.Intn(3)
	}
	if chance(source, 15) {
		t := &s.Tasks[0]
		t.Program, t.Ops = false, append([]explore.Op{{Verb: "signal"}}, withoutWrites(t.Ops)...)
	}
}

// withoutWrites has a process read what a program would write in place.
func withoutWrites(ops []explore.Op) []explore.Op {
	for i := range ops {
		if ops[i].Verb == "write" {
			ops[i].Verb = "read"
		}
	}
	return ops
}

// mutator is a task that changes the map.
func mutator(source Source, name string, keys []uint32) explore.Task {
	t := explore.Task{Name: name, Program: chance(source, 40), CPU: source.Intn(3)}
	for range 1 + source.Intn(4) {
		verb := pick(source, "update", "delete", "insert", "take", "read")
		if t.Program {
			verb = pick(source, "update", "delete", "insert", "write", "read")
		}
		t.Ops = append(t.Ops, explore.Op{Verb: verb, Key: pick(source, keys...)})
	}
	return t
}

// writeNothing has programs read what they would write in place.
func writeNothing(s *explore.Scenario) {
	for i := range s.Tasks {
		withoutWrites(s.Tasks[i].Ops)
	}
}

// Scenarios generates scenarios that rapid can shrink.
func Scenarios() *rapid.Generator[explore.Scenario] {
	return rapid.Custom(func(t *rapid.T) explore.Scenario { return Scenario(rapidSource{t}) })
}
