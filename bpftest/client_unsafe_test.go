//go:build linux && (amd64 || arm64)

package bpftest_test

import (
	"unsafe"

	"github.com/bpfsim/bpfsim/syscall"
	"golang.org/x/sys/unix"
)

// bpf makes a call as a client does.
func bpf(args bpfsys.Args) (int, error) {
	attr := args.Encode()
	ret, _, errno := unix.Syscall(unix.SYS_BPF, uintptr(args.Cmd()), uintptr(unsafe.Pointer(&attr)), uintptr(len(attr)))
	if errno != 0 {
		return 0, errno
	}
	return int(ret), nil
}

// pointer is the address of a value in memory that Go does not move.
func pointer(p *uint64) uint64 { return uint64(uintptr(unsafe.Pointer(p))) }

// path is the address of a C string that is never moved.
func path(name string) uint64 {
	text := append([]byte(name), 0)
	kept = append(kept, text)
	return uint64(uintptr(unsafe.Pointer(&text[0])))
}

var kept [][]byte
