//go:build !linux

package kernel

import (
	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/explore"
)

// ProgramRunner makes a BPF program do an operation on a map.
type ProgramRunner func(fd int32, op explore.Op, key, value []byte) (abi.Errno, error)

// OnLinux fails.
func OnLinux(ProgramRunner, func(explore.Stage)) error { return errNotLinux }
