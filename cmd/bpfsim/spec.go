package main

import (
	"fmt"

	"github.com/bpfsim/bpfsim/profile"
	"github.com/bpfsim/bpfsim/semantics"
	"github.com/spf13/cobra"
)

const specLong = `Print what bpf(2) promises of maps: the checks of a command in their order, each with its errno, and what is written when,
for the commands, map types and errnos that are named. Every statement printed has been run on bpfsim and on Linux 6.18; the whole is docs/semantics.`

func newSpec() *cobra.Command {
	var series string
	cmd := &cobra.Command{
		Use: "spec [COMMAND | TYPE | ERRNO]...", Short: "Print what a command promises", Long: specLong,
		Example: "  bpfsim spec MAP_LOOKUP_BATCH hash\n  bpfsim spec EINVAL MAP_CREATE\n  bpfsim spec --linux 6.1 MAP_CREATE lru_hash",
		RunE: func(cmd *cobra.Command, args []string) error {
			f, err := semantics.ParseFilter(args)
			if err != nil {
				return misused(cmd, fmt.Errorf("spec: %w", err))
			}
			like, err := profile.Named(series)
			if err != nil {
				return trouble(fmt.Errorf("spec: --linux: %w", err))
			}
			f.Series = like.Release
			piece := semantics.Spec(f)
			if piece == "" {
				return trouble(fmt.Errorf("spec %v: nothing is stated of that", args))
			}
			fmt.Fprint(cmd.OutOrStdout(), piece)
			return nil
		},
	}
	cmd.Flags().StringVar(&series, "linux", "", "the series of Linux that is meant: 6.1, 6.12 or 6.18 (default); what it does otherwise stands behind each rule")
	return cmd
}
