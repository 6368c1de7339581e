package live

import (
	"flag"
	"slices"
	"testing"

	"github.com/anishathalye/porcupine"
	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/explore"
)

var histories = flag.Int("histories", 60, "histories of each case of the linearizability tests; a quarter with -short")

// Operations look as if each took effect at one instant between its call and its return: all that write, and lookups too
// where the subject is not loose. What lookups see elsewhere is counted.
func TestOperationsAreLinearizable(t *testing.T) {
	onMachines(t, func(t *testing.T, m Machine) {
		for _, s := range subjects() {
			r := &recording{subject: s, machine: m}
			illegal, seen := 0, map[string]int{}
			require.NoError(t, r.run(*histories, func(history []porcupine.Operation) {
				require.Len(t, history, clients*calls)
				if !porcupine.CheckOperations(s.order, history) {
					illegal++
					s.explain(history, seen)
				}
			}))
			t.Logf("%s: %d histories, %d not linearizable %v", s, *histories, illegal, seen)
			require.Zero(t, seen[byWriters], s)
			require.True(t, illegal == 0 || slices.Contains(s.loose, m.Name()), s)
		}
	})
}

// A map that answers with what it once held, or twice with what it held once, is found out.
func TestCheckerRejectsBrokenMaps(t *testing.T) {
	late := func() func(operation, outcome) outcome {
		last := make(map[string]outcome)
		return func(op operation, got outcome) outcome {
			if op.verb != "lookup" && op.verb != "pop" {
				return got
			}
			before, ok := last[op.key]
			last[op.key] = got
			if ok {
				return before
			}
			return got
		}
	}
	forgetful := func() func(operation, outcome) outcome {
		return func(op operation, got outcome) outcome { return outcome{value: got.value} } // success, always
	}
	for _, c := range []struct {
		name   string
		broken func() func(operation, outcome) outcome
		on     subject
	}{
		{"late lookup", late, elements(explore.Shape{Type: abi.Hash, Value: 8}, reads)},
		{"late lookup", late, elements(explore.Shape{Type: abi.Array, Value: 8}, finds)},
		{"late pop", late, values(abi.Queue)},
		{"late pop", late, values(abi.Stack)},
		{"no errno", forgetful, elements(explore.Shape{Type: abi.Hash, Value: 8}, writes)},
		{"no errno", forgetful, values(abi.Queue)},
	} {
		t.Run(c.name+"/"+c.on.String(), func(t *testing.T) {
			r := &recording{subject: c.on, machine: NewBpfsim(2), broken: c.broken}
			require.NoError(t, r.run(3, func(history []porcupine.Operation) {
				require.False(t, porcupine.CheckOperations(c.on.order, history))
			}))
		})
	}
}
