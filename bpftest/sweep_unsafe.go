//go:build linux

package bpftest

import (
	"unsafe"

	"github.com/bpfsim/bpfsim/abi"
	"golang.org/x/sys/unix"
)

// sweep makes a call before which bpfsim frees what nobody has open any more.
func sweep() {
	var attr [abi.AttrSize]byte
	_, _, _ = unix.Syscall(unix.SYS_BPF, uintptr(abi.MapGetNextID), uintptr(unsafe.Pointer(&attr)), uintptr(len(attr)))
}
