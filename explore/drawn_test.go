package explore_test

import (
	"flag"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/explore"
	"github.com/bpfsim/bpfsim/model"
	"github.com/bpfsim/bpfsim/proptest/kernel"
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
			Value: rapid.SampledFrom([]int{8, 16, 3, 15}).Draw(t, "value"),
		},
		Walk:     explore.Walk{Way: way.Name, Room: rapid.IntRange(1, 3).Draw(t, "room")},
		Contract: "no-duplicates", // of the records alone: a Stage does not tell the instants of evictions
	}
	if s.Map.IsArray() {
		keys = rapid.Uint32Range(0, s.Map.Entries) // an array's, and one that it lacks
	}
	if s.Map.Type == abi.LPMTrie {
		keys = rapid.Uint32Range(1, 15)
	}
	s.Keys = rapid.SliceOfNDistinct(keys, 1, -1, rapid.ID).Draw(t, "keys")
	s.Keys = s.Keys[:min(len(s.Keys), int(s.Map.Entries))]
	for i := range rapid.IntRange(1, 3).Draw(t, "tasks") {
		s.Tasks = append(s.Tasks, drawMutator(t, fmt.Sprint("t", i), s.Map.Type, keys))
	}
	if s.Map.IsPerCPU() {
		s.Map.Value = 2 * ((s.Map.Value + 7) / 8 * 8) // CPUs
	}
	return s
}

func drawMutator(t *rapid.T, name string, kind abi.MapType, keys *rapid.Generator[uint32]) explore.Task {
	verbs := []string{"update", "insert", "delete", "take", "read"}
	task := explore.Task{Name: name, Program: rapid.Bool().Draw(t, "program"), CPU: rapid.IntRange(0, 1).Draw(t, "cpu")}
	if task.Program {
		verbs = []string{"update", "insert", "delete", "read", "write"}
	}
	if task.Program && kind == abi.LPMTrie {
		verbs = verbs[:4]
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

// holds tells whether the page promises that the contract is kept in the scenario.
func (found counterexamples) holds(kind explore.Kind, s explore.Scenario, contract string) bool {
	for condition, meets := range map[explore.Condition]bool{
		explore.Always: true, explore.InPlace: strings.Contains(s.String(), "write "), explore.Fault: s.Walk.Fault > 0,
		explore.Signal: strings.Contains(s.String(), "signal"),
	} {
		if _, broken := found[cell{kind.Name, s.Walk.Way, contract, condition}.file()]; broken && meets {
			return false
		}
	}
	return true
}

// What the page says holds is not only so in its own scenarios.
func TestDrawnWalksKeepWhatHolds(t *testing.T) {
	found := readCounterexamples(t)
	eachWalk(t, func(t *testing.T, kind explore.Kind, way explore.Way) {
		rapid.Check(t, func(t *rapid.T) {
			run := drawRun(t, kind, way)
			again, err := explore.Replay(run.Scenario, run.Trace.String())
			require.NoError(t, err)
			require.Equal(t, run.Trace, again.Trace)
			require.Equal(t, run.Done, again.Done)
			for _, breach := range run.Breaches() {
				if found.holds(kind, run.Scenario, breach.Contract) {
					t.Fatalf("%v\n%s%s\nschedule %v", breach, run.Scenario, strings.Join(run.Story(), "\n"), run.Trace)
				}
			}
		})
	})
}

// wholeChoices switches tasks only between operations and calls.
type wholeChoices struct{ sim.Schedules }

func (w wholeChoices) Choose(c *sim.Choice) int {
	if first, _ := c.Tasks[0].Span(); c.Preempts && first >= 0 {
		return 0
	}
	return w.Schedules.Choose(c)
}

// Any order of whole calls gives the same bytes, errnos and content on Linux, whatever the contracts say of it.
func TestDrawnWalksOnLinux(t *testing.T) {
	needKernel(t)
	eachWalk(t, func(t *testing.T, kind explore.Kind, way explore.Way) {
		rapid.Check(t, func(t *rapid.T) {
			s := drawWalk(t, kind, way)
			s.Tasks[0].CPU = 1 // an LRU map spreads over all CPUs
			if s.Map.ByCPU() && s.CPUs() != kernel.PossibleCPUs() || s.NeedsProgram() {
				return
			}
			var run *explore.Run
			_, err := explore.Visit(s, wholeChoices{drawSchedule(t)}, func(r *explore.Run) bool { run = r; return false })
			require.NoError(t, err)
			script, err := run.Whole()
			require.NoError(t, err)
			linux := playOnLinux(t, script)
			require.True(t, run.Agrees(linux), "%sschedule %s\nLinux: %v\nbpfsim: %v", s, run.Trace, linux.Done, run.Done)
		})
	})
}

func playOnLinux(t require.TestingT, script explore.Script) (linux *explore.Run) {
	var err error
	require.NoError(t, kernel.OnLinux(nil, func(stage explore.Stage) { linux, err = script.Play(stage) }))
	require.NoError(t, err)
	return linux
}

// A script that lets an operation in at another place is found out, on bpfsim and on Linux.
func TestAgreesFindsAnotherOrder(t *testing.T) {
	c := readCounterexamples(t)[cell{"HASH", "dump", "stable-coverage", explore.Always}.file()]
	run, err := c.Replay()
	require.NoError(t, err)
	script, err := run.Whole()
	require.NoError(t, err)
	for i := range script.Turns {
		script.Turns[i].Call = explore.AfterWalk
	}
	played, err := script.Play(explore.NewStage(c.Scenario.CPUs()))
	require.NoError(t, err)
	require.False(t, run.Agrees(played))
	needKernel(t)
	require.False(t, run.Agrees(playOnLinux(t, script)))
}

func eachWalk(t *testing.T, f func(*testing.T, explore.Kind, explore.Way)) {
	for _, kind := range explore.Kinds() {
		for _, way := range kind.Ways() {
			t.Run(kind.Name+"/"+way.Name, func(t *testing.T) { f(t, kind, way) })
		}
	}
}

// draws is within how many draws a broken contract must have been found.
const draws = 200_000

// What the page says is broken is found again from nothing: the draws reach the faults that they are to find, if these
// are not too rare.
func TestDrawnWalksBreakWhatIsBroken(t *testing.T) {
	found := readCounterexamples(t)
	eachWalk(t, func(t *testing.T, kind explore.Kind, way explore.Way) {
		missing := make(map[string]bool)
		for _, c := range commonlyBroken(t, found, kind, way) {
			missing[c] = true
		}
		runs := rapid.Custom(func(t *rapid.T) *explore.Run { return drawRun(t, kind, way) })
		for seed := 0; seed < draws && len(missing) > 0; seed++ {
			for _, breach := range runs.Example(seed).Breaches() {
				if missing[breach.Contract] {
					t.Logf("%s broken by draw %d", breach.Contract, seed)
					delete(missing, breach.Contract)
				}
			}
		}
		require.Empty(t, missing)
	})
}

// often is how many preemptions draws meet often enough.
const often = 2

// commonlyBroken are the broken contracts but those that take more preemptions inside of calls than most: of such the draws
// meet one in some 100,000. Nor walks without an end of maps that seldom turn a walk back, nor keys that are missed where only an element that
// another key gets at once, on the same CPU, leads a walk astray.
func commonlyBroken(t *testing.T, found counterexamples, kind explore.Kind, way explore.Way) []string {
	var names []string
	for _, contract := range model.Contracts() {
		c, ok := found[cell{kind.Name, way.Name, contract.Name, explore.Always}.file()]
		if !ok {
			c, ok = found[cell{kind.Name, way.Name, contract.Name, explore.InPlace}.file()]
		}
		seldom := seldomTurnsBack(kind) && contract.Name == "bounded-termination" || kind.Type == abi.LRUPerCPUHash && contract.Name == "stable-coverage"
		if !ok || seldom {
			continue
		}
		run, err := c.Replay()
		require.NoError(t, err)
		if isWhole(t, run) || run.Trace.Preemptions() <= often {
			names = append(names, contract.Name)
		}
	}
	return names
}

// seldomTurnsBack reports whether updates do not move keys, so that only deletes of the very key that the cursor is at make
// a walk start again, or take two steps each, so that few fit into a walk.
func seldomTurnsBack(kind explore.Kind) bool {
	return kind.Flags&abi.FlagNoPrealloc != 0 || kind.Type == abi.LPMTrie || explore.Shape{Type: kind.Type}.IsPerCPU()
}

// outcome is a test that may fail without failing the one that runs it.
type outcome struct {
	testing.TB
	failed bool
}

func (o *outcome) Logf(string, ...any)   {}
func (o *outcome) Errorf(string, ...any) { o.failed = true }
func (o *outcome) Fail()                 { o.failed = true }
func (o *outcome) FailNow()              { o.failed = true; runtime.Goexit() }
func (o *outcome) Failed() bool          { return o.failed }

// A violation that rapid found by drawing shrinks to an interleaving that a person can read.
func TestDrawnViolationsShrink(t *testing.T) {
	checks := "200000"
	if testing.Short() {
		checks = "1000000" // of which rapid does a fifth
	}
	for name, value := range map[string]string{"rapid.checks": checks, "rapid.seed": "1", "rapid.nofailfile": "true"} {
		old := flag.Lookup(name).Value.String()
		require.NoError(t, flag.Set(name, value))
		t.Cleanup(func() { require.NoError(t, flag.Set(name, old)) })
	}
	hash := explore.Kinds()[0]
	// A walk of two keys has to be turned back three times before it returns more than any map of its shape can ask for, and a call that others come
	// into the middle of has a line for each part.
	for contract, most := range map[string]struct {
		preemptions, lines int
		rare               bool
	}{
		"stable-coverage": {3, maxStory, false}, "no-duplicates": {3, maxStory, false}, "bounded-termination": {6, 20, true},
	} {
		t.Run(contract, func(t *testing.T) {
			if most.rare {
				long(t)
			}
			smallest := shrunkViolation(t, hash, "next+lookup", contract)
			require.LessOrEqual(t, smallest.Trace.Preemptions(), most.preemptions)
			require.LessOrEqual(t, len(smallest.Story()), most.lines)
			t.Logf("%s%s", smallest.Scenario, strings.Join(smallest.Story(), "\n"))
		})
	}
}

// shrunkViolation is the last run that rapid shows of those that break the contract: its smallest.
func shrunkViolation(t *testing.T, kind explore.Kind, name, contract string) (smallest *explore.Run) {
	way, _ := explore.WayByName(name)
	result, done := &outcome{TB: t}, make(chan struct{})
	go func() { // FailNow ends the goroutine
		defer close(done)
		rapid.Check(result, func(t *rapid.T) {
			run := drawRun(t, kind, way)
			for _, breach := range run.Breaches() {
				if breach.Contract == contract {
					smallest = run
					t.Fatal(contract)
				}
			}
		})
	}()
	<-done
	require.True(t, result.failed)
	return smallest
}
