package main

import (
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
	out      io.Writer
	flags    exploreFlags
	file     string
	scenario explore.Scenario
	schedule string       // of run
	run      *explore.Run // the broken one or the one replayed; nil when all kept the contract
}

func (v *verdict) explore() error {
	schedules := sim.Limit(v.flags.rows(), v.flags.max)
	result, err := explore.Explore(v.scenario, schedules)
	if err != nil {
		return err
	}
	if result.Broken == nil {
		fmt.Fprintf(v.out, "holds: %d schedules, bound %d (%s)\n", result.Schedules, v.flags.bound, v.flags.covered(schedules))
		return nil
	}
	found := fmt.Sprintf("found after %d schedules, bound %d", result.Schedules, v.flags.bound)
	if v.flags.shrink != "" {
		if result, err = v.shrink(); err != nil {
			return err
		}
	}
	v.schedule, v.run = result.Schedule, result.Broken
	v.print()
	fmt.Fprintf(v.out, "%s\n", found)
	fmt.Fprintf(v.out, "replay: bpfsim explore %s --replay %s\n", shellWord(v.file), shellWord(v.schedule))
	return nil
}

// covered says what the schedules stand for.
func (f exploreFlags) covered(schedules *sim.Limited) string {
	switch {
	case f.schedules != "dfs":
		return fmt.Sprintf("drawn by %s from seed %d", f.schedules, f.seed)
	case schedules.More():
		return fmt.Sprintf("not all of them: --max %d", f.max)
	case f.bound == sim.Unbounded:
		return "every schedule"
	}
	return fmt.Sprintf("every schedule with at most %d preemptions", f.bound)
}

// shrink goes on with the smallest scenario, which it writes to the file asked for.
func (v *verdict) shrink() (explore.Result, error) {
	small, result, err := explore.Shrink(v.scenario, func() sim.Schedules { return sim.Limit(v.flags.rows(), v.flags.max) })
	if err != nil {
		return result, err
	}
	v.scenario, v.file = small, v.flags.shrink
	if err := os.WriteFile(v.file, []byte(small.String()), 0o644); err != nil {
		return result, fmt.Errorf("write scenario: %w", err)
	}
	fmt.Fprintf(v.out, "%s\n", small)
	return result, nil
}

func (v *verdict) replay() error {
	run, err := explore.Replay(v.scenario, v.flags.replay)
	if err != nil {
		return err
	}
	v.schedule, v.run = v.flags.replay, run
	v.print()
	return nil
}

// print says how the run ended, and what happened in it.
func (v *verdict) print() {
	contract, _ := model.ContractByName(v.scenario.Contract)
	if v.run.Breach == "" {
		fmt.Fprintf(v.out, "kept: %s (%s)\n\n%s\n", contract.Name, contract.Doc, v.run.Interleaving())
		return
	}
	fmt.Fprintf(v.out, "broken: %s (%s)\n%s\n\n%s\n", contract.Name, contract.Doc, v.run.Breach, v.run.Interleaving())
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
