//go:build linux && (amd64 || arm64)

package intercept_test

import (
	"unsafe"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/syscall"
	"golang.org/x/sys/unix"
)

// bpf makes the real system call, as any client does.
func bpf(args bpfsys.Args) (int, unix.Errno) {
	attr := args.Encode()
	return rawBPF(uint32(args.Cmd()), unsafe.Pointer(&attr), uintptr(len(attr)))
}

func rawBPF(cmd uint32, attr unsafe.Pointer, size uintptr) (int, unix.Errno) {
	r, _, errno := unix.Syscall(unix.SYS_BPF, uintptr(cmd), uintptr(attr), size)
	return int(r), errno
}

// junk calls bpf(2) with numbers that are no arguments.
func junk(cmd, attr, size uintptr) unix.Errno {
	_, _, errno := unix.Syscall(unix.SYS_BPF, cmd, attr, size)
	return errno
}

func addr[T any](p *T) uint64 { return uint64(uintptr(unsafe.Pointer(p))) }

// nextID walks the ids; the result comes back in the attr.
func nextID(start uint32) (uint32, unix.Errno) {
	attr := bpfsys.MapGetNextID{StartID: start}.Encode()
	_, errno := rawBPF(uint32(abi.MapGetNextID), unsafe.Pointer(&attr), uintptr(len(attr)))
	return *(*uint32)(unsafe.Pointer(&attr[abi.IDNext])), errno
}
