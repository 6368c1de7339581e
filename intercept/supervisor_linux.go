//go:build linux && (amd64 || arm64)

package intercept

import (
	"github.com/bpfsim/bpfsim/syscall"
	"golang.org/x/sys/unix"
)

// supervisor answers the calls of everybody under one filter. What its workers share has locks of its own, which are
// never held while a program's memory, paths or fds are touched: any of these may wait for another program.
type supervisor struct {
	listener int
	kernel   *bpfsys.Kernel
	caps     bpfsys.Caps
	cpus     int
	objects  *objects
	bpffs    *bpffs
	threads  *threads
	tracer   tracer
	workers  *workers
}

// newSupervisor takes over listener; root stays the caller's.
func newSupervisor(listener, root int, o Options) (*supervisor, error) {
	fs, err := newBPFFS(root)
	if err != nil {
		return nil, err
	}
	s := &supervisor{listener: listener, kernel: o.Kernel, caps: o.Caps, cpus: o.CPUs, objects: newObjects(), bpffs: fs,
		threads: newThreads(maxThreads), tracer: tracer{out: newOutlet(o.Trace)}}
	s.workers, err = newWorkers(s)
	return s, err
}

// start begins to serve. Since Linux 6.6 the caller and the supervisor can hand one CPU to each other, which is three
// times faster; older kernels refuse the flag and nothing is lost.
func (s *supervisor) start() {
	_ = unix.IoctlSetInt(s.listener, unix.SECCOMP_IOCTL_NOTIF_SET_FLAGS, unix.SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP)
	s.workers.start()
}

// close ends the service and frees what programs left behind. Whoever still runs under the filter gets ENOSYS.
func (s *supervisor) close() {
	s.tracer.out.expire()
	s.workers.end()
	s.workers.running.Wait()
	s.tracer.out.close()
	s.workers.close()
	unix.Close(s.listener)
	s.bpffs.close()
	s.objects.close()
	s.threads.close()
}
