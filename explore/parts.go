package explore

import (
	"slices"

	"github.com/bpfsim/bpfsim/model"
)

// Parts is what a walk gives of the CPUs' parts of a value.
type Parts uint8

const (
	// PartsTogether: all parts are those of one instant of the call.
	PartsTogether Parts = iota
	// PartsEach: each part was its CPU's at an instant of the call, but not all at the same one.
	PartsEach
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
	size := r.Scenario.Map.valueSize(r.Scenario.CPUs())
	for at := 0; at < len(pair.Value); at += size {
		cut := func(value string) string { return value[at : at+size] }
		var writes []model.Write
		for _, w := range r.History.Writes {
			if w.Key != pair.Key {
				continue
			}
			if w.Value != "" { // a removal that was given one
				w.Value = cut(w.Value)
			}
			writes = append(writes, w)
		}
		switch {
		case kept(writes, call, model.Pair{Key: pair.Key, Value: cut(pair.Value)}):
		case removedDuring(writes, call):
			return PartsForeign
		default:
			return PartsAny
		}
	}
	return PartsEach
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
