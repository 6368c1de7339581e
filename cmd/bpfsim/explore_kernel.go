package main

import (
	"errors"
	"fmt"

	"github.com/bpfsim/bpfsim/explore"
	"github.com/bpfsim/bpfsim/proptest/kernel"
)

// playOnLinux plays the run on the running kernel as whole calls, and says whether it gives the same there. A run that no
// kernel can be made to repeat is none's fault; a kernel that gives something else is an error.
func (v *verdict) playOnLinux() error {
	if v.run == nil {
		fmt.Fprintln(v.out, "linux: not played: no schedule was found to play")
		return nil
	}
	way, _ := explore.WayByName(v.scenario.Walk.Way)
	if !way.Kernel {
		fmt.Fprintf(v.out, "linux: not played: no kernel has %s\n", way.Name)
		return nil
	}
	script, err := v.run.Whole()
	if errors.Is(err, explore.ErrSubCall) {
		fmt.Fprintf(v.out, "linux: not played: the run %v\n", err)
		return nil
	}
	if err != nil {
		return err
	}
	return v.play(script)
}

func (v *verdict) play(script explore.Script) error {
	var played *explore.Run
	var err error
	if opened := kernel.OnLinux(nil, func(stage explore.Stage) { played, err = script.Play(stage) }); opened != nil {
		err = opened
	}
	if err != nil {
		return fmt.Errorf("play on Linux: %w", err)
	}
	for _, done := range played.Done {
		fmt.Fprintf(v.out, "linux: %s  %s\n", done.Task, done.Text)
	}
	if !v.run.Agrees(played) {
		return fmt.Errorf("play on Linux: it gives something else")
	}
	fmt.Fprintln(v.out, "linux: the same")
	return nil
}
