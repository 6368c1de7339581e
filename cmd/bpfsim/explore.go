package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"

	"github.com/bpfsim/bpfsim/explore"
	"github.com/bpfsim/bpfsim/sim"
	"github.com/spf13/cobra"
)

// Values of --schedules.
const (
	dpor   = "dpor"
	dfs    = "dfs"
	pct    = "pct"
	random = "random"
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

Prints one of

  holds          every schedule keeps the contract, or with --bound every one that it allows: exit status 0
  broken         the smallest schedule found that breaks it, what happens under it, and the line that replays it: 1
  not refuted    none of the schedules run breaks it, but there are others, because --max came first or the schedules
                 were drawn: 3
  asked nothing  in no schedule was there anything that the contract promises: 3

and in how many of the schedules the contract asked something. Ctrl-C prints what is known so far (130). Any other
trouble is exit status 2.

A scenario (bpfsim help scenario) is a map, a walk of it, what others do meanwhile, and a contract:

  map hash entries=8 value=8
  keys 1 30
  walk next+lookup room=1 cpu=0
  task other cpu=1: update 1
  contract stable-coverage`

// Exit statuses of `bpfsim explore`.
const (
	exitBroken      = 1
	exitOpen        = 3 // neither refuted nor proved
	exitInterrupted = 128 + int(syscall.SIGINT)
)

func newExplore() *cobra.Command {
	var f exploreFlags
	cmd := &cobra.Command{
		Use: "explore [flags] SCENARIO", Short: "Find the schedule under which a walk breaks its contract", Long: exploreLong,
		Args: oneScenario,
		RunE: func(cmd *cobra.Command, args []string) error {
			collectSeldom()
			code, err := f.run(cmd, args[0])
			if err == nil && code != 0 {
				return &exitError{code: code}
			}
			return trouble(err)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.schedules, "schedules", dpor, "dpor: all of them, one of each kind that anybody can tell apart; dfs: one by one; pct, random: drawn")
	flags.IntVar(&f.bound, "bound", sim.Unbounded, "dfs, which it implies: at most this many preemptions (default: any number); pct: depth (default: 3)")
	flags.Lookup("bound").DefValue = "0" // which help leaves out: no number says so
	flags.Uint64Var(&f.seed, "seed", 1, "of what pct and random draw")
	flags.IntVar(&f.max, "max", 100_000, "end after so many schedules")
	flags.StringVar(&f.replay, "replay", "", "run this schedule only")
	flags.StringVar(&f.shrink, "shrink", "", "look for a smaller scenario that breaks the contract too and write it to this file")
	flags.StringVar(&f.html, "html", "", "write a page that shows the run step by step to this file")
	flags.BoolVar(&f.kernel, "kernel", false, "play the run found on the running kernel too, call by call (Linux, root)")
	return cmd
}

func oneScenario(cmd *cobra.Command, args []string) error {
	if len(args) == 1 {
		return nil
	}
	return misused(cmd, errors.New("explore: want one scenario: the name of a file, or - for standard input"))
}

// run returns the exit status of the verdict.
func (f exploreFlags) run(cmd *cobra.Command, name string) (code int, err error) {
	changed := cmd.Flags().Changed
	if changed("bound") && !changed("schedules") {
		f.schedules = dfs
	}
	if err := f.check(changed); err != nil {
		return 0, err
	}
	scenario, err := readScenario(cmd.InOrStdin(), name)
	if err != nil {
		return 0, err
	}
	ctx, stop := interruptible(cmd.Context())
	defer stop()
	v := verdict{ctx: ctx, out: cmd.OutOrStdout(), flags: f, file: name, scenario: scenario}
	if changed("replay") {
		code, err = v.replay()
	} else {
		code, err = v.explore()
	}
	if err == nil && f.kernel {
		err = v.playOnLinux()
	}
	if err == nil && f.html != "" {
		err = v.page()
	}
	return code, err
}

func (f exploreFlags) check(changed func(flag string) bool) error {
	least := 0
	if f.schedules == pct {
		least = 1
	}
	switch {
	case f.rows() == nil:
		return fmt.Errorf("--schedules %q: want dpor, dfs, pct or random", f.schedules)
	case changed("bound") && f.bound < least:
		return fmt.Errorf("--bound %d: want %d or more", f.bound, least)
	case f.max < 1:
		return fmt.Errorf("--max %d: want 1 or more", f.max)
	case changed("seed") && f.all():
		return fmt.Errorf("--seed: %s draws nothing: want --schedules pct or random", f.schedules)
	case changed("bound") && (f.schedules == random || f.schedules == dpor):
		return fmt.Errorf("--bound: %s schedules have none: want --schedules dfs or pct", f.schedules)
	}
	for _, flag := range []string{"schedules", "bound", "seed", "max", "shrink"} {
		if changed("replay") && changed(flag) {
			return fmt.Errorf("--%s: --replay runs one schedule only", flag)
		}
	}
	return nil
}

// all tells whether every schedule is run.
func (f exploreFlags) all() bool { return f.schedules == dpor || f.schedules == dfs }

// defaultDepth finds what two preemptions at the right places break.
const defaultDepth = 3

// rows makes the schedules that the flags ask for, nil when they ask for none there is.
func (f exploreFlags) rows() sim.Schedules {
	depth := f.bound
	if depth < 1 {
		depth = defaultDepth
	}
	switch f.schedules {
	case dpor:
		return sim.NewDPOR()
	case dfs:
		return sim.NewDFS(f.bound)
	case pct:
		return sim.NewPCT(f.seed, depth, f.max)
	case random:
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
