package main

import (
	"github.com/bpfsim/bpfsim/explore"
	"github.com/spf13/cobra"
)

// newScenario is a topic of `bpfsim help`, not a command.
func newScenario() *cobra.Command {
	return &cobra.Command{Use: "scenario", Short: "What the files look like that explore reads", Long: explore.Grammar()}
}
