package explore_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/bpfsim/bpfsim/explore"
	"github.com/bpfsim/bpfsim/sim"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// drawnSchedule is one schedule whose every choice rapid makes, so that it shrinks to few preemptions.
type drawnSchedule struct {
	sim.ChooserFunc
	sim.First
}

func (d *drawnSchedule) Choose(c *sim.Choice) int { return d.ChooserFunc.Choose(c) }

func drawSchedule(t *rapid.T) sim.Schedules {
	choice := func(answers int) int {
		// Most steps go on: uniform choices would hardly ever let an operation end in one go.
		if !rapid.Bool().Draw(t, "switch") || !rapid.Bool().Draw(t, "really") {
			return 0
		}
		return rapid.IntRange(0, answers-1).Draw(t, "next")
	}
	return &drawnSchedule{ChooserFunc: choice}
}

// drawWalk draws a scenario larger than the grid's: up to 3 tasks of up to 4 operations on up to 7 keys.
func drawWalk(t *rapid.T, kind explore.Kind, way explore.Way) explore.Scenario {
	keys := rapid.SampledFrom([]uint32{3, 22, 35, 24, 17, 34, 44}) // 3, 22, 24 and 34 in one bucket, 35 and 44 in another
	s := explore.Scenario{
		Map: explore.Shape{
			Type: kind.Type, Flags: kind.Flags, Entries: rapid.SampledFrom([]uint32{2, 4, 16, 32}).Draw(t, "entries"),
			Value: 8 * rapid.IntRange(1, 2).Draw(t, "words"),
		},
		Walk:     explore.Walk{Way: way.Name, Room: rapid.IntRange(1, 3).Draw(t, "room")},
		Contract: "snapshot",
	}
	if len(kind.Ways()) < len(explore.Ways()) {
		keys = rapid.Uint32Range(0, s.Map.Entries) // an array's, and one that it lacks
	}
	s.Keys = rapid.SliceOfNDistinct(keys, 1, -1, rapid.ID).Draw(t, "keys")
	s.Keys = s.Keys[:min(len(s.Keys), int(s.Map.Entries))]
	for i := range rapid.IntRange(1, 3).Draw(t, "tasks") {
		s.Tasks = append(s.Tasks, drawMutator(t, fmt.Sprint("t", i), keys))
	}
	return s
}

func drawMutator(t *rapid.T, name string, keys *rapid.Generator[uint32]) explore.Task {
	verbs := []string{"update", "insert", "delete", "take", "read"}
	task := explore.Task{Name: name, Program: rapid.Bool().Draw(t, "program"), CPU: rapid.IntRange(0, 1).Draw(t, "cpu")}
	if task.Program {
		verbs = []string{"update", "insert", "delete", "read", "write"}
	}
	for range rapid.IntRange(1, 4).Draw(t, "ops") {
		op := explore.Op{Verb: rapid.SampledFrom(verbs).Draw(t, "verb"), Key: keys.Draw(t, "key")}
		task.Ops = append(task.Ops, op)
	}
	return task
}

// drawRun runs a drawn scenario under a drawn schedule.
func drawRun(t *rapid.T, kind explore.Kind, way explore.Way) *explore.Run {
	s := drawWalk(t, kind, way)
	var run *explore.Run
	_, err := explore.Visit(s, drawSchedule(t), func(r *explore.Run) bool { run = r; return false })
	require.NoError(t, err)
	return run
}

// writesInPlace reports whether a program does so in the scenario.
func writesInPlace(s explore.Scenario) bool { return strings.Contains(s.String(), "write ") }

// holds tells whether the page promises that the contract is kept in the scenario.
func (found counterexamples) holds(kind explore.Kind, s explore.Scenario, contract string) bool {
	broken, ok := found[cell{kind.Name, s.Walk.Way, contract}.file()]
	return !ok || broken.Scenario.NeedsProgram() && !writesInPlace(s)
}

// What the page says holds is not only so in its own scenarios.
func TestDrawnWalksKeepWhatHolds(t *testing.T) {
	found := readCounterexamples(t)
	eachWalk(t, func(t *testing.T, kind explore.Kind, way explore.Way) {
		rapid.Check(t, func(t *rapid.T) {
			run := drawRun(t, kind, way)
			for _, breach := range run.Breaches() {
				if found.holds(kind, run.Scenario, breach.Contract) {
					t.Fatalf("%v\n%s%s\nschedule %v", breach, run.Scenario, strings.Join(run.Story(), "\n"), run.Trace)
				}
			}
		})
	})
}

func eachWalk(t *testing.T, f func(*testing.T, explore.Kind, explore.Way)) {
	for _, kind := range explore.Kinds() {
		for _, way := range kind.Ways() {
			t.Run(kind.Name+"/"+way.Name, func(t *testing.T) { f(t, kind, way) })
		}
	}
}
