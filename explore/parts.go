package explore

import (
	"slices"

	"github.com/bpfsim/bpfsim/model"
)

// Writers are how others write the CPUs' parts of values.
type Writers uint8

const (
	// Processes write all parts at once.
	Processes Writers = iota
	// Helpers write the part of their program's CPU: bpf_map_update_elem.
	Helpers
	// Pointers write it in place, through what bpf_map_lookup_elem gave. It has one word, such as a counter.
	Pointers
	// LongPointers write parts of several words, one after the other.
	LongPointers
	numWriters
)

// writers are those of the scenario.
func (s Scenario) writers() Writers {
	switch {
	case s.meets(InPlace) && s.Map.valueSize(s.CPUs()) > 8:
		return LongPointers
	case s.meets(InPlace):
		return Pointers
	case s.NeedsProgram():
		return Helpers
	}
	return Processes
}

// Parts is what a walk gives of the CPUs' parts of a value.
type Parts uint8

const (
	// PartsTogether: all parts are those of one instant of the call.
	PartsTogether Parts = iota
	// PartsEach: each part was its CPU's at an instant of the call, but not all at the same one.
	PartsEach
	// PartsTorn: each word of a part was its CPU's at an instant of the call, but not all at the same one.
	PartsTorn
	// PartsForeign is PartsEach where the key stays in the map while the call lasts; of one that is removed meanwhile the
	// parts may be another key's.
	PartsForeign
	// PartsAny: parts may be what was never so.
	PartsAny
)

// parts is what the run's walk gave.
func (r *Run) parts() Parts {
	given := PartsTogether
	for _, call := range r.History.Walk.Calls {
		for _, pair := range call.Records {
			given = max(given, r.partsOf(call, pair))
		}
	}
	return given
}

func (r *Run) partsOf(call model.WalkCall, pair model.Pair) Parts {
	if kept(r.History.Writes, call, pair) {
		return PartsTogether
	}
	const word = 8
	switch {
	case r.keptCut(call, pair, r.Scenario.Map.valueSize(r.Scenario.CPUs())):
		return PartsEach
	case r.keptCut(call, pair, word):
		return PartsTorn
	case removedDuring(r.writesOf(pair.Key), call):
		return PartsForeign
	}
	return PartsAny
}

// keptCut reports whether the call may have returned each piece of the pair's value for itself.
func (r *Run) keptCut(call model.WalkCall, pair model.Pair, size int) bool {
	for at := 0; at < len(pair.Value); at += size {
		writes := r.writesOf(pair.Key)
		for i := range writes {
			if writes[i].Value != "" { // a removal that was given none
				writes[i].Value = writes[i].Value[at : at+size]
			}
		}
		if !kept(writes, call, model.Pair{Key: pair.Key, Value: pair.Value[at : at+size]}) {
			return false
		}
	}
	return true
}

// writesOf are the changes of a key.
func (r *Run) writesOf(key string) (writes []model.Write) {
	for _, w := range r.History.Writes {
		if w.Key == key {
			writes = append(writes, w)
		}
	}
	return writes
}

// kept reports whether the call may have returned the pair.
func kept(writes []model.Write, call model.WalkCall, pair model.Pair) bool {
	call.Records = []model.Pair{pair}
	contract, _ := model.ContractByName("no-invention")
	return contract.Check(model.History{Writes: writes, Walk: model.Walk{Calls: []model.WalkCall{call}}}).Breach == ""
}

func removedDuring(writes []model.Write, call model.WalkCall) bool {
	return slices.ContainsFunc(writes, func(w model.Write) bool {
		return w.Removed && w.Start <= call.End && w.End >= call.Start
	})
}
