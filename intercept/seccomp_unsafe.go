//go:build linux && (amd64 || arm64)

package intercept

import (
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// notification is struct seccomp_notif: a call that waits for its answer (linux/seccomp.h, as are the next two).
type notification struct {
	ID     uint64
	PID    uint32 // of the calling thread
	Flags  uint32
	Number int32
	Arch   uint32
	IP     uint64
	Args   [6]uint64
}

// newCalls makes room for the calls in progress in memory that another process can map. They are received into it, so
// that it can tell what was not answered yet. Where RLIMIT_FSIZE allows no such memory there is no file: then calls that are in
// progress when this process is killed get no answer.
func newCalls() ([]notification, *os.File, error) {
	fd, err := unix.MemfdCreate("bpfsim-calls", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, nil, fmt.Errorf("make memory for calls: %w", err)
	}
	file := os.NewFile(uintptr(fd), "calls")
	flags := unix.MAP_SHARED
	if resize(fd, int64(sizeOfCalls)) != nil {
		file.Close()
		fd, file, flags = -1, nil, unix.MAP_SHARED|unix.MAP_ANONYMOUS
	}
	calls, err := mapCalls(fd, flags)
	if err != nil {
		file.Close()
	}
	return calls, file, err
}

const sizeOfCalls = maxWorkers * unsafe.Sizeof(notification{})

func mapCalls(fd, flags int) ([]notification, error) {
	memory, err := unix.MmapPtr(fd, 0, nil, sizeOfCalls, unix.PROT_READ|unix.PROT_WRITE, flags)
	if err != nil {
		return nil, fmt.Errorf("map memory for calls: %w", err)
	}
	return unsafe.Slice((*notification)(memory), maxWorkers), nil
}

func unmapCalls(calls []notification) {
	_ = unix.MunmapPtr(unsafe.Pointer(&calls[0]), uintptr(len(calls))*unsafe.Sizeof(calls[0]))
}

// response is struct seccomp_notif_resp.
type response struct {
	ID    uint64
	Value int64
	Error int32 // 0 or a negative errno
	Flags uint32
}

// addFD is struct seccomp_notif_addfd.
type addFD struct {
	ID       uint64
	Flags    uint32
	SourceFD uint32
	NewFD    uint32
	FDFlags  uint32
}

// enter puts the calling thread under program and returns the listener.
func enter(program []unix.SockFilter, flags uint) (listener int, errno unix.Errno) {
	p := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	fd, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, uintptr(flags),
		uintptr(unsafe.Pointer(&p)))
	return int(fd), errno
}

// receive waits for the next call. ENOENT means that the caller died while the notification was read.
func receive(listener int, n *notification) unix.Errno {
	*n = notification{} // EINVAL otherwise
	_, errno := control(listener, unix.SECCOMP_IOCTL_NOTIF_RECV, unsafe.Pointer(n))
	return errno
}

// send answers a call. ENOENT means that the caller died.
func send(listener int, r *response) unix.Errno {
	_, errno := control(listener, unix.SECCOMP_IOCTL_NOTIF_SEND, unsafe.Pointer(r))
	return errno
}

// install gives the caller a file and returns its fd there; the call still waits for its answer.
func install(listener int, a *addFD) (fd int32, errno unix.Errno) {
	return control(listener, unix.SECCOMP_IOCTL_NOTIF_ADDFD, unsafe.Pointer(a))
}

// control repeats what a signal interrupted: all three requests have then done nothing (kernel/seccomp.c).
func control(listener int, request uintptr, arg unsafe.Pointer) (int32, unix.Errno) {
	for {
		r, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(listener), request, uintptr(arg))
		if errno != unix.EINTR {
			return int32(r), errno
		}
	}
}
