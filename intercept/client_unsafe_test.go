//go:build linux && (amd64 || arm64)

package intercept_test

import (
	"encoding/binary"
	"sync/atomic"
	"unsafe"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/syscall"
	"golang.org/x/sys/unix"
)

// bpf makes the real system call, as any client does.
func bpf(args bpfsys.Args) (int, unix.Errno) {
	attr := args.Encode()
	ret, errno := bpfAttr(args.Cmd(), &attr)
	for args.Cmd() == abi.ProgLoad && errno == unix.EAGAIN { // Linux's verifier was interrupted by a signal, of Go's runtime
		ret, errno = bpfAttr(args.Cmd(), &attr)
	}
	return ret, errno
}

// bpfAttr makes a call that may write to its attr.
func bpfAttr(cmd abi.Cmd, attr *bpfsys.Attr) (int, unix.Errno) {
	return rawBPF(uint32(cmd), unsafe.Pointer(attr), uintptr(len(attr)))
}

func rawBPF(cmd uint32, attr unsafe.Pointer, size uintptr) (int, unix.Errno) {
	r, _, errno := unix.Syscall(unix.SYS_BPF, uintptr(cmd), uintptr(attr), size)
	return int(r), errno
}

// bpfWords makes a call whose attr holds a 32-bit number in each of some places, and returns its errno.
func bpfWords(cmd abi.Cmd, words map[int]uint32) unix.Errno {
	_, errno := bpfWordsFD(cmd, words)
	return errno
}

// bpfWordsFD is bpfWords of a call that gives an fd.
func bpfWordsFD(cmd abi.Cmd, words map[int]uint32) (int, unix.Errno) {
	var attr bpfsys.Attr
	for at, word := range words {
		binary.NativeEndian.PutUint32(attr[at:], word)
	}
	return bpfAttr(cmd, &attr)
}

// junk calls bpf(2) with numbers that are no arguments.
func junk(cmd, attr, size uintptr) unix.Errno {
	_, _, errno := unix.Syscall(unix.SYS_BPF, cmd, attr, size)
	return errno
}

// addr is the address of what p points to, which stays there and alive for the next 1024 calls: the collector does not
// see addresses in an attr, and moves stacks when it shrinks them.
func addr[T any](p *T) uint64 {
	atomic.StorePointer(&kept[keeping.Add(1)%uint32(len(kept))], unsafe.Pointer(p))
	return uint64(uintptr(unsafe.Pointer(p)))
}

var (
	kept    [1024]unsafe.Pointer
	keeping atomic.Uint32
)

// nextID walks the ids; the result comes back in the attr.
func nextID(start uint32) (uint32, unix.Errno) {
	attr := bpfsys.MapGetNextID{StartID: start}.Encode()
	_, errno := rawBPF(uint32(abi.MapGetNextID), unsafe.Pointer(&attr), uintptr(len(attr)))
	return *(*uint32)(unsafe.Pointer(&attr[abi.IDNext])), errno
}

// word is a word of memory that others may write to.
func word(memory []byte, at int) *atomic.Uint64 { return (*atomic.Uint64)(unsafe.Pointer(&memory[at])) }
