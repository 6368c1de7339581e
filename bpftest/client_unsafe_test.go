//go:build linux && (amd64 || arm64)

package bpftest_test

import (
	"sync"
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

// bpfAttr is bpf of a command that writes to its attr.
func bpfAttr(args bpfsys.Args) (bpfsys.Attr, error) {
	attr := args.Encode()
	_, _, errno := unix.Syscall(unix.SYS_BPF, uintptr(args.Cmd()), uintptr(unsafe.Pointer(&attr)), uintptr(len(attr)))
	if errno != 0 {
		return attr, errno
	}
	return attr, nil
}

// bytesAt is the address of bytes that are never moved, nor freed.
func bytesAt(p []byte) uint64 {
	if len(p) == 0 {
		return 0
	}
	keep(p)
	return uint64(uintptr(unsafe.Pointer(&p[0])))
}

// pointer is the address of a value in memory that Go does not move.
func pointer(p *uint64) uint64 { return uint64(uintptr(unsafe.Pointer(p))) }

// path is the address of a C string that is never moved.
func path(name string) uint64 {
	text := append([]byte(name), 0)
	keep(text)
	return uint64(uintptr(unsafe.Pointer(&text[0])))
}

// kept is memory that others have addresses of.
var kept struct {
	sync.Mutex
	all [][]byte
}

func keep(p []byte) {
	kept.Lock()
	defer kept.Unlock()
	kept.all = append(kept.all, p)
}
