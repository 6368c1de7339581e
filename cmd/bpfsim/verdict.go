package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/bpfsim/bpfsim/explore"
	"github.com/bpfsim/bpfsim/model"
	"github.com/bpfsim/bpfsim/sim"
)

// verdict is what `bpfsim explore` has found out so far.
type verdict struct {
	ctx      context.Context // an interrupt ends it
	out      io.Writer
	flags    exploreFlags
	file     string
	scenario explore.Scenario
	schedule string       // of run
	run      *explore.Run // the broken one or the one replayed; nil when all kept the contract
}

// untilInterrupted ends a row of schedules when the context is done.
type untilInterrupted struct {
	sim.Schedules
	ctx context.Context
}

// Next turns to the next schedule, if nobody has interrupted.
func (u untilInterrupted) Next() bool { return u.ctx.Err() == nil && u.Schedules.Next() }

// Unwrap is the schedules that it ends.
func (u untilInterrupted) Unwrap() sim.Schedules { return u.Schedules }

// schedules are those that the flags ask for.
func (v *verdict) schedules() *sim.Limited {
	return sim.Limit(untilInterrupted{v.flags.rows(), v.ctx}, v.flags.max)
}

// explore returns the exit status of what it found.
func (v *verdict) explore() (code int, err error) {
	schedules := v.schedules()
	result, err := explore.Explore(v.scenario, schedules)
	if err != nil {
		return 0, err
	}
	if result.Broken == nil {
		return v.unbroken(result, schedules.More()), nil
	}
	found := fmt.Sprintf("found after %s%s", counted(result.Schedules, "schedule"), v.flags.kind())
	if v.flags.shrink != "" {
		if result, err = v.shrink(); err != nil {
			return 0, err
		}
	}
	v.schedule, v.run = result.Schedule, result.Broken
	v.print()
	fmt.Fprintf(v.out, "%s\n", found)
	fmt.Fprintf(v.out, "replay: bpfsim explore %s --replay %s\n", shellWord(v.file), shellWord(v.schedule))
	return exitBroken, nil
}

// unbroken says what it means that no schedule broke the contract; more tells that --max left some out.
func (v *verdict) unbroken(r explore.Result, more bool) (code int) {
	word, ran := "holds", v.flags.every()
	switch {
	case v.ctx.Err() != nil:
		word, ran, code = "interrupted, not refuted so far", "not all of them", exitInterrupted
	case r.Asked == 0:
		word, code = "asked nothing", exitOpen
	case more || !v.flags.all():
		word, code = "not refuted", exitOpen
	}
	switch {
	case !v.flags.all():
		ran = strings.TrimSpace(v.flags.kind())
	case more:
		ran = fmt.Sprintf("not all of them: --max %d", v.flags.max)
	}
	fmt.Fprintf(v.out, "%s: %s\n%s (%s); %s\n", word, v.contract(), counted(r.Schedules, "schedule"), ran, v.asked(r))
	return code
}

// contract is the scenario's contract with what it promises.
func (v *verdict) contract() string {
	c, _ := model.ContractByName(v.scenario.Contract)
	return fmt.Sprintf("%s (%s)", c.Name, c.Doc)
}

// asked says in how many schedules the contract asked something and, where it did not in all, what it asks about.
func (v *verdict) asked(r explore.Result) string {
	c, _ := model.ContractByName(v.scenario.Contract)
	switch {
	case r.Schedules == 0:
		return "none was run"
	case r.Asked == 0:
		return "the contract asked nothing in any of them: it asks about " + c.Asks
	case r.Asked == r.Schedules:
		return "the contract asked something in all of them"
	}
	return fmt.Sprintf("the contract asked something in %d of them (%d %%): it asks about %s",
		r.Asked, 100*r.Asked/r.Schedules, c.Asks)
}

// kind says which schedules are run, in words that follow "schedules".
func (f exploreFlags) kind() string {
	switch {
	case !f.all():
		return fmt.Sprintf(" drawn by %s from seed %d", f.schedules, f.seed)
	case f.schedules == dpor, f.bound == sim.Unbounded:
		return ""
	}
	return " with at most " + counted(f.bound, "preemption")
}

// every says that all schedules were run.
func (f exploreFlags) every() string {
	if f.schedules == dpor {
		return "every one: of those that nobody can tell apart, one was run"
	}
	return "every one" + f.kind()
}

// counted is a number of things in words.
func counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// shrink goes on with the smallest scenario, which it writes to the file asked for.
func (v *verdict) shrink() (explore.Result, error) {
	small, result, err := explore.Shrink(v.scenario, func() sim.Schedules { return v.schedules() })
	if err != nil {
		return result, err
	}
	if result.Broken == nil {
		return result, fmt.Errorf("shrink: interrupted")
	}
	v.scenario, v.file = small, v.flags.shrink
	if err := os.WriteFile(v.file, []byte(small.String()), 0o644); err != nil {
		return result, fmt.Errorf("write scenario: %w", err)
	}
	fmt.Fprintf(v.out, "%s\n", small)
	return result, nil
}

// replay returns the exit status of what one schedule shows.
func (v *verdict) replay() (code int, err error) {
	run, err := explore.Replay(v.scenario, v.flags.replay)
	if err != nil {
		return 0, err
	}
	v.schedule, v.run = v.flags.replay, run
	v.print()
	switch {
	case run.Breach != "":
		return exitBroken, nil
	case !run.Asked:
		return exitOpen, nil
	}
	return 0, nil
}

// print says how the run ended, and what happened in it.
func (v *verdict) print() {
	why := ""
	switch {
	case v.run.Breach != "":
		why = v.run.Breach + "\n"
	case !v.run.Asked:
		contract, _ := model.ContractByName(v.scenario.Contract)
		why = "it asks about " + contract.Asks + "\n"
	}
	fmt.Fprintf(v.out, "%s: %s\n%s\n%s\n", v.run.Verdict(), v.contract(), why, v.run.Interleaving())
}

// page writes the page of the run or, where all kept the contract, of one that nobody interrupted.
func (v *verdict) page() error {
	if v.run == nil {
		v.schedule = "-"
	}
	file, err := os.Create(v.flags.html)
	if err != nil {
		return fmt.Errorf("write page: %w", err)
	}
	err = explore.WritePage(file, v.scenario, v.schedule)
	if closed := file.Close(); err == nil {
		err = closed
	}
	return err
}

// shellWord quotes a word for a shell where it has to be.
func shellWord(word string) string {
	if word != "" && strings.Trim(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:") == "" {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
