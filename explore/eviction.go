package explore

import (
	"maps"
	"slices"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/model"
)

// evicted notes that the map removed key by itself at some instant of [start, end].
func (r *Run) evicted(key string, start, end int64) {
	r.History.Writes = append(r.History.Writes, model.Write{Start: start, End: end, Key: key, Removed: true, Evicted: true})
	r.History.Operations = append(r.History.Operations, model.Operation{Start: start, End: end, Key: key, Effect: model.Removed})
}

// before is the content of a map that may evict and cannot say what, nil of others. Reading it changes nothing: neither
// GET_NEXT_KEY nor a lookup by bpf(2) counts as a use (htab_lru_map_lookup_elem_sys in kernel/bpf/hashtab.c).
func (r *Run) before() map[string]string {
	if !r.Scenario.Map.evicts() || r.elements != nil {
		return nil
	}
	return r.setup.content()
}

// lost notes as evicted what was there before some operations and is not any more, but for keys that these removed.
func (r *Run) lost(before map[string]string, done []outcome, start, end int64) {
	if len(before) == 0 {
		return
	}
	after := r.setup.content()
	for _, o := range done {
		if o.errno == abi.OK && o.removes() {
			delete(before, string(r.Scenario.Map.keyOf(o.Key)))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(before)) {
		if _, still := after[key]; !still {
			r.evicted(key, start, end)
		}
	}
}

// removes reports whether the operation takes its key out of the map.
func (o Op) removes() bool { return o.Verb == "delete" || o.Verb == "take" }
