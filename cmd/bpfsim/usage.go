package main

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// exitTrouble is the exit status of an error that is no verdict.
const exitTrouble = 2

// trouble gives an error that status.
func trouble(err error) error {
	if err == nil {
		return nil
	}
	var exit *exitError
	if errors.As(err, &exit) {
		return err
	}
	return &exitError{exitTrouble, err}
}

// misused is an error in how a command was called: it says where to read how it is meant.
func misused(cmd *cobra.Command, err error) error {
	if err == nil {
		return nil
	}
	return trouble(fmt.Errorf("%w (see: %s --help)", err, cmd.CommandPath()))
}

// takesNothing is for commands that have flags only.
func takesNothing(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return misused(cmd, fmt.Errorf("%s: unexpected %q: want flags only", cmd.Name(), args[0]))
}

// wrongFlag is a flag's error in words of what is wanted, where pflag gives strconv's.
func wrongFlag(err error) error {
	var invalid *pflag.InvalidValueError
	if !errors.As(err, &invalid) {
		return err
	}
	wants := map[string]string{"int": "a number", "uint64": "a number from 0 on", "duration": "a time such as 90s or 10m"}
	want, known := wants[invalid.GetFlag().Value.Type()]
	switch {
	case !known:
		return err
	case errors.Is(err, strconv.ErrRange):
		want += " that is less"
	}
	return fmt.Errorf("--%s %s: want %s", invalid.GetFlag().Name, invalid.GetValue(), want)
}

// newHelp is `bpfsim help`, which fails when there is no such command.
func newHelp() *cobra.Command {
	return &cobra.Command{
		Use: "help [command]", Short: "Help about a command",
		RunE: func(cmd *cobra.Command, args []string) error {
			about, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return unknownCommand(cmd.Root(), args)
			}
			about.InitDefaultHelpFlag()
			return about.Help()
		},
	}
}

// unknownCommand is the Args of bpfsim itself.
func unknownCommand(root *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return misused(root, fmt.Errorf("unknown command %q", args[0]))
}
