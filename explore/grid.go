package explore

import (
	"cmp"
	"errors"
	"slices"

	"github.com/bpfsim/bpfsim/model"
	"github.com/bpfsim/bpfsim/sim"
)

// Row is what one way of walking guarantees on one kind of map, by every schedule of the grid.
type Row struct {
	Kind Kind
	Way  Way
	// Schedules is the number of schedules that were run, one of each kind that anybody can tell apart (sim.DPOR): nothing cuts an
	// exploration off.
	Schedules int
	// Asked is in how many of them a contract asked something, by its name.
	Asked map[string]int
	// Broken are the contracts that some schedule broke, with the runs that did.
	Broken map[string][]*Run
	// Parts is the least that a walk gave of a per-CPU value, by who wrote to it.
	Parts [numWriters]Parts
}

// Grid explores each mutator against a walk of the kind with each room, and keeps for each scenario and contract the
// run with the fewest preemptions, and then steps, that breaks it.
func Grid(k Kind, w Way) (Row, error) {
	row := Row{Kind: k, Way: w, Asked: make(map[string]int), Broken: make(map[string][]*Run)}
	for _, m := range k.mutators() {
		for _, room := range w.rooms() {
			if err := row.explore(k.scenario(w, m, room), m.schedules(k)); err != nil {
				return Row{}, err
			}
		}
	}
	for _, f := range failures() {
		for _, room := range w.rooms() {
			if err := row.explore(k.failing(w, f, room), f.schedules(k)); err != nil {
				return Row{}, err
			}
		}
	}
	return row, nil
}

// explore adds what one scenario shows.
func (row *Row) explore(s Scenario, schedules sim.Schedules) error {
	contracts, least := model.Contracts(), make(map[string]*Run)
	n, err := Visit(s, schedules, func(r *Run) bool {
		if s.Map.IsPerCPU() {
			row.Parts[s.writers()] = max(row.Parts[s.writers()], r.parts())
		}
		for _, c := range contracts {
			judgement := c.Check(r.History)
			if judgement.Asked {
				row.Asked[c.Name]++
			}
			if other := least[c.Name]; judgement.Breach != "" && (other == nil || r.size() < other.size()) {
				least[c.Name] = r
			}
		}
		return true
	})
	row.Schedules += n
	for contract, run := range least {
		row.Broken[contract] = append(row.Broken[contract], run)
	}
	return err
}

// size orders runs of one scenario.
func (r *Run) size() int { return r.Trace.Preemptions()*maxSteps + len(r.Trace.Steps) }

// Counterexample is a scenario and a schedule that breaks its contract.
type Counterexample struct {
	Scenario Scenario
	Schedule string
}

// Conditions are what it takes to break the contract: nothing beyond other tasks where that is enough, else each condition under
// which a schedule does. There are none where nothing breaks it.
func (row Row) Conditions(contract string) []Condition {
	var all []Condition
	for _, c := range Conditions() {
		if len(row.brokenUnder(contract, c)) > 0 {
			all = append(all, c)
		}
	}
	if len(all) > 0 && all[0] == Always {
		return all[:1]
	}
	return all
}

// brokenUnder are the runs that broke the contract and need the condition.
func (row Row) brokenUnder(contract string, c Condition) []*Run {
	var runs []*Run
	for _, r := range row.Broken[contract] {
		if r.Scenario.condition() == c {
			runs = append(runs, r)
		}
	}
	return runs
}

// Smallest is the counterexample of the contract, under the condition, that says most with least. It needs no program where that is
// possible; then it is one of whole calls, which can be shown on Linux; then one with few operations and keys, shrunk.
func (row Row) Smallest(contract string, c Condition) (Counterexample, error) {
	runs := row.brokenUnder(contract, c)
	slices.SortStableFunc(runs, func(a, b *Run) int { return cmp.Compare(a.Scenario.weight(), b.Scenario.weight()) })
	var first *Counterexample
	for _, run := range runs {
		c, whole, err := run.shrunk(contract)
		if err != nil {
			return Counterexample{}, err
		}
		if whole && (first == nil || first.Scenario.NeedsProgram() == c.Scenario.NeedsProgram()) {
			return c, nil
		}
		if first == nil {
			first = &c
		}
	}
	if first == nil {
		return Counterexample{}, errors.New("no schedule breaks " + contract)
	}
	return *first, nil
}

// weight orders scenarios: those that need programs last, then by what there is to read.
func (s Scenario) weight() int {
	ops := 0
	for _, t := range s.Tasks {
		ops += len(t.Ops)
	}
	weight := 100*ops + 10*len(s.Keys) + s.Map.Value/8 + s.Walk.Room
	if s.NeedsProgram() {
		weight += 10000
	}
	return weight
}

// NeedsProgram reports that a BPF program takes part.
func (s Scenario) NeedsProgram() bool {
	return slices.ContainsFunc(s.Tasks, func(t Task) bool { return t.Program })
}

// shrunk makes the run's scenario and schedule smaller, and reports whether what came out is made of whole calls. A
// smaller scenario whose counterexample is not, where the first one was, is no gain.
func (r *Run) shrunk(contract string) (c Counterexample, whole bool, err error) {
	r.Scenario.Contract = contract
	if c, err = r.Scenario.fewerPreemptions(r.Trace.String()); err != nil {
		return c, false, err
	}
	c = c.atBorders()
	if whole, err = c.Whole(); err != nil {
		return c, false, err
	}
	small, result, err := Shrink(r.Scenario, func() sim.Schedules { return &wholeOperations{sim.NewDFS(sim.Unbounded)} })
	if err == nil && result.Broken == nil {
		small, result, err = Shrink(r.Scenario, func() sim.Schedules { return sim.NewDPOR() })
	}
	if err != nil || result.Broken == nil {
		return c, whole, err
	}
	smaller := Counterexample{small, result.Broken.briefest()}
	stays, err := smaller.Whole()
	// An LRU map spreads over all CPUs, so a scenario of fewer does something else on the same machine.
	if err == nil && (stays || !whole) && small.CPUs() == r.Scenario.CPUs() {
		return smaller, stays, nil
	}
	return c, whole, err
}

// longStory is how many lines of a story are hard to read.
const longStory = 8

// briefest is the schedule of whole operations that breaks the run's contract too with the fewest turns from one task to
// another, in which what a task does in a row is told together. A run that is told in few lines is brief enough.
func (r *Run) briefest() (schedule string) {
	best := r
	if len(r.Story()) <= longStory {
		return r.Trace.String()
	}
	_, err := Visit(r.Scenario, &wholeOperations{sim.NewDFS(sim.Unbounded)}, func(other *Run) bool {
		if other.Breach != "" && other.switches() < best.switches() {
			best = other
		}
		return true
	})
	if err != nil {
		return r.Trace.String()
	}
	return best.Trace.String()
}

// switches is how often another task than before ends an operation.
func (r *Run) switches() int {
	n := 0
	for i := range r.Done[1:] {
		if r.Done[i].Task != r.Done[i+1].Task {
			n++
		}
	}
	return n
}

// fewerPreemptions leaves out of a schedule that breaks the scenario's contract what it can do without.
func (s Scenario) fewerPreemptions(line string) (Counterexample, error) {
	replay, err := sim.ParseReplay(line)
	if err != nil {
		return Counterexample{}, err
	}
	build := func() *sim.Machine { m, _ := s.machine(nil); return m }
	trace, err := build().Run(replay)
	if err != nil {
		_, err = sim.Tidy(build, trace)
	}
	if err == nil {
		return Counterexample{}, errors.New("the schedule keeps the contract")
	}
	trace, _ = sim.Shrink(build, err)
	return Counterexample{s, trace.String()}, nil
}

// Replay runs the counterexample again. The error tells when it is none any more.
func (c Counterexample) Replay() (*Run, error) {
	run, err := Replay(c.Scenario, c.Schedule)
	if err == nil && run.Breach == "" {
		err = errors.New("the schedule keeps " + c.Scenario.Contract)
	}
	return run, err
}

// Whole reports whether whole calls, one after the other, give what the counterexample gives.
func (c Counterexample) Whole() (bool, error) {
	run, err := c.Replay()
	if err != nil {
		return false, err
	}
	switch _, err = run.Whole(); {
	case errors.Is(err, ErrSubCall):
		return false, nil
	case err != nil:
		return false, err
	}
	return true, nil
}
