package explore_test

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/explore"
	"github.com/bpfsim/bpfsim/maps"
	"github.com/bpfsim/bpfsim/model"
	"github.com/bpfsim/bpfsim/sim"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// findings are what the schedules of a scenario show: the histories as contracts see them, and what the contracts say of each.
type findings struct {
	histories map[string]string // with a schedule that shows it
	schedules int
}

// find runs the schedules.
func find(t require.TestingT, s explore.Scenario, schedules sim.Schedules) findings {
	f := findings{histories: make(map[string]string)}
	n, err := explore.Visit(s, schedules, func(r *explore.Run) bool {
		f.histories[seen(r)] = r.Trace.String()
		return true
	})
	require.NoError(t, err)
	f.schedules = n
	return f
}

// seen is a run as contracts see it: what everybody was given, who had ended before who else began, and the verdicts. The times
// themselves are nobody's.
func seen(r *explore.Run) string {
	var verdicts []string
	for _, c := range model.Contracts() {
		judgement := c.Check(r.History)
		verdicts = append(verdicts, fmt.Sprintf("%s %v %v", c.Name, judgement.Asked, judgement.Breach != ""))
	}
	h := reflect.ValueOf(&r.History).Elem()
	var instants []instant
	collect(h, &instants)
	number(instants)
	arrange(h)
	return fmt.Sprintf("%#v\n%q", r.History, verdicts)
}

// instant is when something began or ended.
type instant struct {
	at   reflect.Value
	ends bool
}

// collect lists the instants in a part of a history.
func collect(v reflect.Value, all *[]instant) {
	switch v.Kind() {
	case reflect.Slice:
		for i := range v.Len() {
			collect(v.Index(i), all)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			switch name := v.Type().Field(i).Name; name {
			case "Start", "End":
				*all = append(*all, instant{v.Field(i), name == "End"})
			default:
				collect(v.Field(i), all)
			}
		}
	}
}

// number gives each instant the number of the ends in a row that come before it: one has ended before another began exactly if
// the number of its end is the smaller one.
func number(all []instant) {
	slices.SortStableFunc(all, func(a, b instant) int {
		return cmp.Or(cmp.Compare(a.at.Int(), b.at.Int()), compareBools(a.ends, b.ends))
	})
	level, ended := int64(0), false
	for _, i := range all {
		if ended && !i.ends {
			level++
		}
		ended = i.ends
		i.at.SetInt(level)
	}
}

func compareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// arrange puts lists into an order of their own but those of which the order is told: calls and their records.
func arrange(v reflect.Value) {
	switch v.Kind() {
	case reflect.Slice:
		at := func(i int) string { return fmt.Sprintf("%#v", v.Index(i).Interface()) } // a String may leave something out
		swap := reflect.Swapper(v.Interface())
		for i := range v.Len() { // few
			for j := i; j > 0 && at(j) < at(j-1); j-- {
				swap(j, j-1)
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if name := v.Type().Field(i).Name; name != "Calls" && v.Field(i).Kind() == reflect.Slice {
				arrange(v.Field(i))
			}
		}
	}
}

// drawSmall draws a scenario of few steps.
func drawSmall(t *rapid.T) explore.Scenario {
	kind := rapid.SampledFrom(explore.Kinds()).Draw(t, "kind")
	way := rapid.SampledFrom(kind.Ways()).Draw(t, "way")
	keys := rapid.SampledFrom([]uint32{3, 22, 35})
	s := explore.Scenario{
		Map: explore.Shape{
			Type: kind.Type, Flags: kind.Flags, Entries: rapid.SampledFrom([]uint32{2, 16}).Draw(t, "entries"),
			Value: 8 * rapid.IntRange(1, 2).Draw(t, "words"),
		},
		Walk:     explore.Walk{Way: way.Name, Room: rapid.IntRange(1, 2).Draw(t, "room")},
		Contract: "snapshot",
	}
	if s.Map.IsArray() {
		s.Map.Entries, keys = 2, rapid.Uint32Range(0, 2)
	}
	if s.Map.Type == abi.LPMTrie {
		keys = rapid.SampledFrom([]uint32{2, 4, 5, 9})
	}
	s.Keys = rapid.SliceOfNDistinct(keys, 0, 2, rapid.ID).Draw(t, "keys")
	for i := range rapid.IntRange(1, 2).Draw(t, "tasks") {
		task := drawMutator(t, fmt.Sprint("t", i), s.Map.Type, keys)
		task.Ops = task.Ops[:min(len(task.Ops), 2-i)]
		s.Tasks = append(s.Tasks, drawSeveral(t, s.Map, task))
	}
	if s.Map.IsPerCPU() {
		s.Map.Value *= 2 // CPUs
		s.Tasks[0].CPU = 1
	}
	return s
}

// drawSeveral makes a process of some tasks that changes two keys in one call, or is another walker.
func drawSeveral(t *rapid.T, m explore.Shape, task explore.Task) explore.Task {
	switch hashed := !m.IsArray() && m.Type != abi.LPMTrie; rapid.IntRange(0, 5).Draw(t, "several") {
	case 0:
		verb := rapid.SampledFrom([]string{"update", "delete"}).Draw(t, "verb of all")
		for i := range task.Ops {
			task.Ops[i].Verb, task.Ops[i].Joined = verb, i > 0
		}
		task.Program = false
	case 1:
		if hashed {
			task.Program, task.Ops = false, []explore.Op{{Verb: "drain", Key: rapid.Uint32Range(1, 2).Draw(t, "drain")}}
		}
	}
	return task
}

// copiesAtOnce leaves out of a search the schedules in which somebody comes before a copy of another one's own memory.
type copiesAtOnce struct{ *sim.DFS }

func (c copiesAtOnce) Choose(choice *sim.Choice) int {
	for i, t := range choice.Tasks {
		if t.At() == maps.PointUser {
			return i
		}
	}
	return c.DFS.Choose(choice)
}

// mostReduced is how many schedules a scenario may have, of those that differ.
const mostReduced = 3000

// mostPlain is how many schedules are compared one by one.
const mostPlain = 1500

// plain is depth-first search without reduction, of all steps or of those that others can see.
func plain(all bool) sim.Schedules {
	if all {
		return sim.NewDFS(sim.Unbounded)
	}
	return copiesAtOnce{sim.NewDFS(sim.Unbounded)}
}

// The reduction loses no history and no verdict, and makes none up: it shows those that all schedules show. Where these are too many
// to be run, it shows those of the first ones, and those of drawn ones.
func TestDPORShowsEveryHistory(t *testing.T) {
	var reduced, all, whole int
	rapid.Check(t, func(t *rapid.T) {
		s := drawSmall(t)
		dpor := sim.Limit(sim.NewDPOR(), mostReduced)
		got := find(t, s, dpor)
		if dpor.More() {
			return
		}
		plain := sim.Limit(plain(rapid.IntRange(0, 3).Draw(t, "all steps") == 0), mostPlain)
		want := find(t, s, plain)
		if plain.More() {
			for h, schedule := range find(t, s, sim.NewRandom(1, mostPlain/10)).histories {
				want.histories[h] = schedule
			}
		} else {
			reduced, all, whole = reduced+got.schedules, all+want.schedules, whole+1
			for h, schedule := range got.histories {
				require.Contains(t, want.histories, h, "%sschedule %s", s, schedule)
			}
			require.LessOrEqual(t, got.schedules, want.schedules)
		}
		for h, schedule := range want.histories {
			if _, ok := got.histories[h]; !ok {
				t.Fatalf("missed\n%s\n%sschedule %s", h, s, schedule)
			}
		}
	})
	t.Logf("%d scenarios: %d schedules for %d", whole, reduced, all)
}

// Each kind of conflict is needed: a reduction that forgets it loses histories of a scenario, which were found by drawing.
func TestDPORThatForgetsIsFound(t *testing.T) {
	for kind, scenario := range map[maps.Resource]string{
		maps.Locks:     "map hash entries=16 value=8\nkeys 35\nwalk dump-bucket room=2\nprogram t0: delete 35\ntask t1 cpu=1: delete 22",
		maps.Chains:    "map hash entries=16 value=16\nkeys 3 22\nwalk dump-july room=1\ntask t0 cpu=1: take 22; take 35\nprogram t1 cpu=1: delete 22",
		maps.Emptiness: "map lru_hash entries=2 value=16\nkeys\nwalk dump-delete room=2\nprogram t0: insert 22; update 22\ntask t1 cpu=1: delete 35",
		maps.Links:     "map hash entries=16 value=16\nkeys 22\nwalk next+lookup room=1\ntask t0: read 35; delete 22\ntask t1: update 3",
		maps.Keys:      "map lru_hash entries=2 value=8\nkeys 35\nwalk next+lookup room=1\nprogram t0: update 35; update 22\nprogram t1: read 22",
		maps.Values:    "map hash entries=16 value=16\nkeys\nwalk dump room=2\nprogram t0: write 22; insert 3\nprogram t1: update 22",
		maps.Slots:     "map hash entries=2 value=16\nkeys 3 35\nwalk take-batch room=1\ntask t0 cpu=1: update 3; update 22\ntask t1: update 3",
		maps.Nodes:     "map lru_hash entries=2 value=16\nkeys\nwalk dump-delete room=2\nprogram t0: insert 22; update 22\ntask t1 cpu=1: delete 35",
		maps.Branches:  "map lpm_trie entries=16 value=8\nkeys 9 5\nwalk lookup-batch room=1\nprogram t0: read 9; update 9",
		sim.Spans:      "map lru_hash entries=2 value=8\nkeys\nwalk dump-july room=1\ntask t0: delete 22",
	} {
		t.Run(forgotten(kind), func(t *testing.T) {
			s, err := explore.Parse(scenario + "\ncontract snapshot\n")
			require.NoError(t, err)
			want := find(t, s, sim.NewDPOR())
			mutant := sim.NewDPOR()
			mutant.Forget = func(of maps.Resource) bool { return of == kind }
			got := find(t, s, mutant)
			require.Less(t, len(got.histories), len(want.histories))
		})
	}
}

func forgotten(kind maps.Resource) string {
	if kind == sim.Spans {
		return "spans"
	}
	return kind.String()
}

// How many schedules the reduction saves, where all can be counted.
func TestDPORReduces(t *testing.T) {
	for scenario, want := range map[string]struct{ all, reduced int }{
		"map hash entries=16 value=8\nkeys 3\nwalk lookup-batch room=2\ntask a cpu=1: update 3":                          {495, 3},
		"map array entries=1 value=8\nkeys 0\nwalk dump room=1\ntask a cpu=1: update 0":                                  {715, 3},
		"map lpm_trie entries=4 value=8\nkeys 4\nwalk dump room=1\ntask a cpu=1: update 4":                               {1820, 5},
		"map percpu_array entries=1 value=16\nkeys 0\nwalk lookup-batch room=1\ntask a cpu=1: update 0":                  {8568, 6},
		"map lru_hash entries=4 value=8\nkeys 3\nwalk take-batch room=1\ntask a cpu=1: update 3":                         {5545, 4},
		"map hash entries=16 value=8\nkeys\nwalk lookup-batch room=1\ntask a cpu=1: insert 3\nprogram b cpu=1: delete 3": {1305, 7},
	} {
		t.Run(scenario, func(t *testing.T) {
			s, err := explore.Parse(scenario + "\ncontract snapshot\n")
			require.NoError(t, err)
			require.Equal(t, want.all, find(t, s, sim.NewDFS(sim.Unbounded)).schedules)
			require.Equal(t, want.reduced, find(t, s, sim.NewDPOR()).schedules)
		})
	}
}

// What is larger than the grid's scenarios ends, too: four keys and three tasks. With room for one record, a batch that meets two in a
// bucket answers ENOSPC and is asked again.
func TestDPOREndsWithThreeTasks(t *testing.T) {
	for walk, want := range map[string]int{
		"next+lookup room=2": 4530, "dump-bucket room=2": 290, "take-batch room=2": 648, "take-batch room=1": 1812, "dump-delete room=2": 1661,
	} {
		t.Run(walk, func(t *testing.T) {
			s, err := explore.Parse("map hash entries=16 value=8\nkeys 35 17 3 22\nwalk " + walk +
				"\ntask a cpu=1: update 3\ntask b cpu=1: delete 22\ntask c: insert 24\ncontract snapshot\n")
			require.NoError(t, err)
			n, err := explore.Visit(s, sim.NewDPOR(), func(*explore.Run) bool { return true })
			require.NoError(t, err)
			require.Equal(t, want, n)
		})
	}
}
