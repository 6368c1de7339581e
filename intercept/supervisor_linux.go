//go:build linux && (amd64 || arm64)

package intercept

import (
	"fmt"
	"runtime"

	"github.com/bpfsim/bpfsim/syscall"
	"golang.org/x/sys/unix"
)

// supervisor answers the calls of everybody under one filter, one at a time: a second worker was measured slower, and
// so nothing below needs a lock.
type supervisor struct {
	listener int
	kernel   *bpfsys.Kernel
	caps     bpfsys.Caps
	cpus     int
	objects  *objects
	bpffs    *bpffs
	threads  threads
	memory   bpfsys.ProcessMemory // of the thread whose call is being answered
	tracer   tracer
	stop     int // eventfd: readable when the supervisor shall end
	done     chan struct{}
}

// newSupervisor takes over listener; root stays the caller's.
func newSupervisor(listener, root int, o Options) (*supervisor, error) {
	fs, err := newBPFFS(root)
	if err != nil {
		return nil, err
	}
	objects, err := newObjects()
	if err != nil {
		return nil, err
	}
	stop, err := unix.Eventfd(0, unix.EFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("make eventfd: %w", err)
	}
	return &supervisor{listener: listener, kernel: o.Kernel, caps: o.Caps, cpus: o.CPUs, objects: objects, bpffs: fs,
		threads: threads{}, tracer: tracer{w: o.Trace}, stop: stop, done: make(chan struct{})}, nil
}

// start begins to serve. Since Linux 6.6 the caller and the supervisor can hand one CPU to each other, which is three
// times faster; older kernels refuse the flag and nothing is lost.
func (s *supervisor) start() {
	_ = unix.IoctlSetInt(s.listener, unix.SECCOMP_IOCTL_NOTIF_SET_FLAGS, unix.SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP)
	go s.serve()
}

// serve answers calls until everybody under the filter is gone or close is called.
func (s *supervisor) serve() {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(s.done)
	var n notification
	for s.wait() {
		if errno := receive(s.listener, &n); errno == 0 {
			s.handle(&n)
		}
	}
}

// wait returns true when a call waits. It polls rather than sleep in receive, which only kernels from 6.11 on end when
// the last caller is gone.
func (s *supervisor) wait() bool {
	fds := []unix.PollFd{{Fd: int32(s.listener), Events: unix.POLLIN}, {Fd: int32(s.stop), Events: unix.POLLIN}}
	for {
		_, err := unix.Poll(fds, -1)
		switch {
		case err == unix.EINTR:
		case err != nil || fds[1].Revents != 0:
			return false
		case fds[0].Revents&unix.POLLIN != 0:
			return true
		case fds[0].Revents != 0:
			return false
		}
	}
}

func (s *supervisor) handle(n *notification) {
	c := &call{supervisor: s, notification: n, thread: s.threads.find(int(n.PID))}
	s.memory.Thread = int(n.PID)
	if n.Number == unix.SYS_BPF {
		c.bpf()
		return
	}
	if !c.lookalike() && !c.memlockLimits() && !c.sent {
		c.pass()
	}
}

// close ends the service and frees what programs left behind. Whoever still runs under the filter gets ENOSYS.
func (s *supervisor) close() {
	var one = [8]byte{0: 1}
	_, _ = unix.Write(s.stop, one[:])
	<-s.done
	unix.Close(s.listener)
	s.bpffs.close()
	s.objects.close()
	s.threads.close()
	unix.Close(s.stop)
}
