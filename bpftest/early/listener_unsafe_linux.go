//go:build linux && (amd64 || arm64)

package early

import (
	"sync"
	"syscall"
	"unsafe"
)

// notification and response are struct seccomp_notif and seccomp_notif_resp.
type (
	notification struct {
		id         uint64
		pid, flags uint32
		number     int32
		arch       uint32
		ip         uint64
		args       [6]uint64
	}
	response struct {
		id    uint64
		value int64
		errno int32
		flags uint32
	}
)

const (
	receive = 0xc0502100 // SECCOMP_IOCTL_NOTIF_RECV
	send    = 0xc0182101 // SECCOMP_IOCTL_NOTIF_SEND
)

// listening tells the listener to end, and that it has.
var listening struct {
	end  int // of a pipe
	left chan struct{}
	once sync.Once
}

// listen answers calls until Leave.
func listen(listener uintptr) {
	var pipe [2]int
	if syscall.Pipe2(pipe[:], syscall.O_CLOEXEC) != nil {
		syscall.Close(int(listener)) // calls are ENOSYS then, too
		return
	}
	listening.end, listening.left = pipe[1], make(chan struct{})
	go func() {
		for wait(listener, pipe[0]) {
			answer(listener)
		}
		syscall.Close(int(listener))
		syscall.Close(pipe[0])
		close(listening.left)
	}()
}

// Leave ends the telling, and lets this process start others under filters with listeners: of all filters over a process only one may have one.
// Calls are answered with ENOSYS as before.
func Leave() {
	listening.once.Do(func() {
		if listening.left != nil {
			syscall.Close(listening.end)
			<-listening.left
		}
	})
}

// wait waits for a call; false when Leave was called.
func wait(listener uintptr, end int) bool {
	type pollFD struct {
		fd              int32
		events, happens int16
	}
	const readable = 1
	fds := [2]pollFD{{fd: int32(listener), events: readable}, {fd: int32(end), events: readable}}
	for {
		n, _, _ := syscall.Syscall6(syscall.SYS_PPOLL, uintptr(unsafe.Pointer(&fds)), uintptr(len(fds)), 0, 0, 0, 0)
		switch {
		case int(n) > 0 && fds[1].happens != 0:
			return false
		case int(n) > 0:
			return true
		}
	}
}

// answer answers a call. One that a signal has interrupted is no more.
func answer(listener uintptr) {
	var call notification
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, listener, receive, uintptr(unsafe.Pointer(&call))); errno != 0 {
		return
	}
	tell(call.args[0])
	reply := response{id: call.id, errno: -int32(syscall.ENOSYS)}
	_, _, _ = syscall.Syscall(syscall.SYS_IOCTL, listener, send, uintptr(unsafe.Pointer(&reply)))
}
