package model_test

import (
	"testing"

	"github.com/anishathalye/porcupine"
	"github.com/bpfsim/bpfsim/model"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// register is a key for porcupine: its value, "" when it is not there.
var register = porcupine.Model{
	Init: func() any { return "" },
	Step: func(state, input, output any) (bool, any) {
		now, o := state.(string), input.(model.Operation)
		switch o.Effect {
		case model.Put:
			return true, o.Value
		case model.Added:
			return now == "", o.Value
		case model.Overwrote:
			return now != "", o.Value
		case model.Removed:
			return now != "", ""
		case model.Took:
			return now == o.Value, ""
		case model.FoundPresent:
			return now != "", now
		}
		return now == "", now
	},
}

// Another checker gives the same verdict on every history of one key.
func TestLinearizabilityIsPorcupines(t *testing.T) {
	contract, _ := model.ContractByName("linearizability")
	verdicts := make(map[bool]int)
	rapid.Check(t, func(t *rapid.T) {
		h, all := drawOperations(t)
		var history []porcupine.Operation
		for i, o := range all {
			// Instants of one step overlap here, and calls of porcupine's that begin when others end do not.
			history = append(history, porcupine.Operation{ClientId: i, Input: o, Call: 2 * o.Start, Return: 2*o.End + 1})
		}
		want := porcupine.CheckOperations(register, history)
		verdicts[want]++
		require.Equal(t, want, contract.Check(h).Breach == "", "%v", h.Operations)
	})
	t.Logf("%d histories have an order, %d have none", verdicts[true], verdicts[false])
}

// What two operations leave depends on their order: that one of them leads nowhere says nothing of the other.
func TestLinearizabilityTriesTheOtherOrder(t *testing.T) {
	contract, _ := model.ContractByName("linearizability")
	for last, want := range map[model.Effect]bool{model.FoundAbsent: true, model.FoundPresent: false} {
		h := model.History{Walk: model.Walk{Removes: true}, Operations: []model.Operation{
			{Start: 0, End: 0, Key: "k", Effect: model.Put, Value: "1"},
			{Start: 1, End: 4, Key: "k", Effect: model.Removed},
			{Start: 2, End: 3, Key: "k", Effect: model.Put, Value: "2"},
			{Start: 5, End: 5, Key: "k", Effect: last},
		}}
		require.Equal(t, want, contract.Check(h).Breach == "", "%v", h.Operations) // it is absent in the end
	}
}

// drawOperations is a history of one key, and all that happened in it. Half of the time each operation tells what it found.
func drawOperations(t *rapid.T) (h model.History, all []model.Operation) {
	h.Walk.Removes = true
	value, now, honest := rapid.SampledFrom([]string{"1", "2", "3"}), "", rapid.Bool().Draw(t, "honest")
	possible := map[bool][]model.Effect{
		false: {model.Put, model.Added, model.FoundAbsent},
		true:  {model.Put, model.Overwrote, model.Removed, model.Took, model.FoundPresent},
	}
	for at := range rapid.Int64Range(1, 8).Draw(t, "operations") {
		o := model.Operation{Key: "a", Effect: model.Effect(rapid.IntRange(0, int(model.FoundAbsent)).Draw(t, "effect")), Value: value.Draw(t, "value")}
		if honest {
			o.Effect = rapid.SampledFrom(possible[now != ""]).Draw(t, "effect")
		}
		switch o.Effect {
		case model.Put, model.Added, model.Overwrote:
			now = o.Value
		case model.Took:
			if honest {
				o.Value = now
			}
			now = ""
		case model.Removed:
			now = ""
		}
		o.Start, o.End = 10*at-rapid.Int64Range(0, 15).Draw(t, "before"), 10*at+rapid.Int64Range(0, 15).Draw(t, "behind")
		h.Operations = append(h.Operations, o)
	}
	last := model.Operation{Key: "a", Start: 100, End: 100, Effect: model.FoundAbsent}
	if now != "" {
		last.Effect, last.Value = model.Took, now
		h.Left = map[string]string{"a": now}
	}
	return h, append(h.Operations[:len(h.Operations):len(h.Operations)], last)
}
