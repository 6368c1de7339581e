package bpftest

import (
	"testing"

	"github.com/bpfsim/bpfsim/internal/bubble"
	"github.com/bpfsim/bpfsim/sim"
	"github.com/stretchr/testify/require"
)

// outcome is a run of steps that were all the first choice.
func outcome(steps ...bubble.Step) *bubble.Outcome {
	return &bubble.Outcome{Steps: steps, Trace: sim.Trace{Steps: make([]sim.Step, len(steps))}}
}

// Where the same choices were made, and only there, the same must have happened.
func TestDifference(t *testing.T) {
	lookup, update := bubble.Step{Task: "gc", Kind: "lookup", Ready: 2}, bubble.Step{Task: "gc", Kind: "update", Ready: 2}
	other, alone := bubble.Step{Task: "body", Kind: "lookup", Ready: 2}, bubble.Step{Task: "gc", Kind: "lookup", Ready: 1}
	require.NoError(t, difference(outcome(lookup, update), outcome(lookup, update)))
	require.ErrorContains(t, difference(outcome(lookup, lookup), outcome(lookup, update)), "at step 1 of the same order once gc lookup, and then gc update")
	require.ErrorContains(t, difference(outcome(lookup), outcome(other)), "at step 0 of the same order once gc lookup, and then body lookup")
	require.ErrorContains(t, difference(outcome(lookup), outcome(alone)), "once 2 could go on, and then 1 could")
	require.ErrorContains(t, difference(outcome(alone), outcome(lookup)), "once 1 could go on, and then 2 could")
	require.ErrorContains(t, difference(outcome(lookup), outcome(lookup, update)), "at step 1 of the same order once 1 steps were taken, and then 2")

	turned := outcome(other, alone)
	turned.Trace.Steps[0].Choice = 1
	require.NoError(t, difference(outcome(lookup, update), turned), "another choice is another order")
}
