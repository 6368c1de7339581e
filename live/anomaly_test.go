package live

import (
	"slices"

	"github.com/anishathalye/porcupine"

	"github.com/bpfsim/bpfsim/abi"
)

// What a history that is not linearizable suffers from.
const (
	torn      = "torn value"
	foreign   = "value that the key never had"
	missed    = "key missed"
	stale     = "stale value"
	byWriters = "writers out of order"
)

// explain counts the anomalies of a history, one for each lookup whose value was never the key's, and one for each key
// that is out of order beyond that.
func (s subject) explain(history []porcupine.Operation, seen map[string]int) {
	parts := [][]porcupine.Operation{history}
	if s.order.Partition != nil {
		parts = s.order.Partition(history)
	}
	for _, part := range parts {
		known := without(part, func(op operation, got outcome) bool {
			why := s.invention(part, op, got)
			seen[why]++
			return why != ""
		})
		delete(seen, "")
		if why := s.disorder(known); why != "" {
			seen[why]++
		}
	}
}

// invention says what is wrong with a value that a lookup gave, whenever it did.
func (s subject) invention(part []porcupine.Operation, op operation, got outcome) string {
	if op.verb != "lookup" || got.errno != abi.OK || got.value == ValueOf(0, s.shape.Value) {
		return ""
	}
	written := func(other porcupine.Operation) bool { return other.Input.(operation).value == got.value }
	switch {
	case slices.ContainsFunc(part, written):
		return ""
	case got.value[8:]+got.value[:8] != got.value: // all words of a value are the same
		return torn
	}
	return foreign
}

// disorder says which lookups must be left out for the rest to be in order.
func (s subject) disorder(part []porcupine.Operation) string {
	absent := func(op operation, got outcome) bool { return op.verb == "lookup" && got.errno != abi.OK }
	lookup := func(op operation, _ outcome) bool { return op.verb == "lookup" }
	switch {
	case porcupine.CheckOperations(s.order, part):
		return ""
	case porcupine.CheckOperations(s.order, without(part, absent)):
		return missed
	case porcupine.CheckOperations(s.order, without(part, lookup)):
		return stale
	}
	return byWriters
}

func without(part []porcupine.Operation, left func(operation, outcome) bool) []porcupine.Operation {
	return slices.DeleteFunc(slices.Clone(part), func(op porcupine.Operation) bool {
		return left(op.Input.(operation), op.Output.(outcome))
	})
}
