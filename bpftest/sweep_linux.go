//go:build linux

package bpftest

import (
	"github.com/bpfsim/bpfsim/abi"
	"golang.org/x/sys/unix"
)

// sweep makes a call before which bpfsim frees what nobody has open any more (isSweep).
func sweep() { _, _, _ = unix.Syscall(unix.SYS_BPF, uintptr(abi.MapGetNextID), 0, 0) }
