package main

import (
	"fmt"
	"io"
	"os"

	"github.com/bpfsim/bpfsim/explore"
	"github.com/bpfsim/bpfsim/sim"
	"github.com/spf13/cobra"
)

// exploreFlags are the flags of `bpfsim explore`.
type exploreFlags struct {
	schedules string
	bound     int
	seed      uint64
	max       int
	replay    string
	shrink    string
	html      string
	kernel    bool
}

const exploreLong = `Run the scenario in a file ("-": standard input) under one schedule after another and ask its contract of each run.

Prints "holds" with the number of schedules (exit status 0), or "broken" with the smallest schedule found, what happens
under it, and the line that replays it (exit status 1). Any other trouble is exit status 2.

A scenario is a map, a walk of it, what others do meanwhile, and a contract:

  map hash entries=8 value=8
  keys 1 30
  walk next+lookup room=1 cpu=0
  task other cpu=1: update 1
  contract stable-coverage`

// Exit statuses of `bpfsim explore`.
const (
	exitBroken  = 1
	exitTrouble = 2
)

func newExplore() *cobra.Command {
	var f exploreFlags
	cmd := &cobra.Command{
		Use: "explore [flags] SCENARIO", Short: "Find the schedule under which a walk breaks its contract", Long: exploreLong,
		Args: func(cmd *cobra.Command, args []string) error { return trouble(cobra.ExactArgs(1)(cmd, args)) },
		RunE: func(cmd *cobra.Command, args []string) error {
			broken, err := f.run(cmd, args[0])
			if err == nil && broken {
				return &exitError{code: exitBroken}
			}
			return trouble(err)
		},
	}
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return trouble(err) })
	flags := cmd.Flags()
	flags.StringVar(&f.schedules, "schedules", "dfs", "dfs: all of them, depth first; pct, random: drawn")
	flags.IntVar(&f.bound, "bound", sim.Unbounded, "dfs: at most this many preemptions (-1: any number); pct: depth (-1: 3)")
	flags.Uint64Var(&f.seed, "seed", 1, "of what pct and random draw")
	flags.IntVar(&f.max, "max", 100_000, "end after this many schedules")
	flags.StringVar(&f.replay, "replay", "", "run this schedule only")
	flags.StringVar(&f.shrink, "shrink", "", "look for a smaller scenario that breaks the contract too and write it to this file")
	flags.StringVar(&f.html, "html", "", "write a page that shows the run step by step to this file")
	flags.BoolVar(&f.kernel, "kernel", false, "play the run found on the running kernel too, call by call (Linux, root)")
	return cmd
}

// trouble gives an error the exit status of one that is no verdict.
func trouble(err error) error {
	if err == nil {
		return nil
	}
	return &exitError{exitTrouble, err}
}

// run reports whether the contract was broken.
func (f exploreFlags) run(cmd *cobra.Command, name string) (broken bool, err error) {
	if err := f.check(); err != nil {
		return false, err
	}
	scenario, err := readScenario(cmd.InOrStdin(), name)
	if err != nil {
		return false, err
	}
	v := verdict{out: cmd.OutOrStdout(), flags: f, file: name, scenario: scenario}
	if cmd.Flags().Changed("replay") {
		err = v.replay()
	} else {
		err = v.explore()
	}
	if err == nil && f.kernel && v.run != nil {
		err = v.playOnLinux()
	}
	if err == nil && f.html != "" {
		err = v.page()
	}
	return v.run != nil && v.run.Breach != "", err
}

func (f exploreFlags) check() error {
	switch {
	case f.rows() == nil:
		return fmt.Errorf("--schedules %q: want dfs, pct or random", f.schedules)
	case f.bound < sim.Unbounded:
		return fmt.Errorf("--bound %d: want %d or more", f.bound, sim.Unbounded)
	case f.max < 1:
		return fmt.Errorf("--max %d: want 1 or more", f.max)
	}
	return nil
}

// defaultDepth finds what two preemptions at the right places break.
const defaultDepth = 3

// rows makes the schedules that the flags ask for, nil when they ask for none there is.
func (f exploreFlags) rows() sim.Schedules {
	depth := f.bound
	if depth < 1 {
		depth = defaultDepth
	}
	switch f.schedules {
	case "dfs":
		return sim.NewDFS(f.bound)
	case "pct":
		return sim.NewPCT(f.seed, depth, f.max)
	case "random":
		return sim.NewRandom(f.seed, f.max)
	}
	return nil
}

func readScenario(in io.Reader, name string) (explore.Scenario, error) {
	read := func() ([]byte, error) { return os.ReadFile(name) }
	if name == "-" {
		name, read = "standard input", func() ([]byte, error) { return io.ReadAll(in) }
	}
	text, err := read()
	if err != nil {
		return explore.Scenario{}, fmt.Errorf("read scenario: %w", err)
	}
	scenario, err := explore.Parse(string(text))
	if err != nil {
		return explore.Scenario{}, fmt.Errorf("%s: %w", name, err)
	}
	return scenario, nil
}
