//go:build linux && (amd64 || arm64)

package intercept

import (
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bpfsim/bpfsim/syscall"
	"golang.org/x/sys/unix"
)

// supervisor answers the calls of everybody under one filter. What its workers share has locks of its own, which are
// never held while a program's memory, paths or fds are touched: any of these may wait for another program.
type supervisor struct {
	listener  int
	kernel    func() *bpfsys.Kernel
	caps      bpfsys.Caps
	uid       uint32 // of all callers, as they see themselves
	cpus      int
	probes    bpfsys.Probes
	cpuText   string // of the file possibleCPUs; "" where the host's says it
	types     string // what the file vmlinuxTypes says; "" where the host's does
	objects   *objects
	gates     *gates
	bpffs     *bpffs
	threads   *threads
	tracer    tracer
	recorders recorders
	workers   *workers
	calls     []notification // in progress
	keeper    *keeper        // nil where none could be started
	limits    limits
	numbers   sync.Mutex  // of sockets of rtnetlink, while one is given
	full      atomic.Bool // stderr was told that there is no room for maps
	stderr    io.Writer
}

// newSupervisor takes over listener; root stays the caller's.
func newSupervisor(listener, root int, o Options) (*supervisor, error) {
	fs, err := newBPFFS(root)
	if err != nil {
		return nil, err
	}
	calls, memory, err := newCalls()
	if err != nil {
		return nil, err
	}
	limits := fdLimits()
	s := &supervisor{listener: listener, limits: limits, stderr: o.Stderr, kernel: o.Current, caps: o.Caps, uid: o.CallerUID(), probes: HostProbes(), cpus: o.CPUs, objects: newObjects(limits.objects), gates: newGates(),
		bpffs: fs, threads: newThreads(limits.threads), tracer: tracer{out: newOutlet(o.Trace, o.Stderr)}, calls: calls}
	if n, err := PossibleCPUs(); err != nil || n != o.CPUs {
		s.cpuText = cpuText(o.CPUs)
	}
	if o.Types != nil {
		s.types = string(o.Types.Data())
	}
	s.record(o.Record)
	if s.workers, err = newWorkers(s, calls[:limits.workers]); err != nil {
		memory.Close()
		return nil, err
	}
	if s.keeper, err = startKeeper(listener, memory); err != nil {
		warn(o.Stderr, "programs that outlive the command will not be able to open files: %v", err)
	}
	return s, nil
}

// start begins to serve. Since Linux 6.6 the caller and the supervisor can hand one CPU to each other, which is three
// times faster; older kernels refuse the flag and nothing is lost.
func (s *supervisor) start() {
	_ = unix.IoctlSetInt(s.listener, unix.SECCOMP_IOCTL_NOTIF_SET_FLAGS, unix.SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP)
	s.workers.start()
}

// patience is how long close waits for calls in progress. One that waits for a program may never end.
const patience = 2 * time.Second

// close ends the service and leaves whoever still runs under the filter to the keeper.
func (s *supervisor) close() {
	s.tracer.out.expire()
	s.workers.end()
	ended := make(chan struct{})
	go func() {
		s.workers.running.Wait()
		s.free()
		close(ended)
	}()
	select {
	case <-ended:
	case <-time.After(patience):
		s.bpffs.close()
		s.keeper.handOver()
	}
}

// free closes what calls in progress may use. They have ended.
func (s *supervisor) free() {
	s.tracer.out.close()
	s.bpffs.close()
	s.keeper.handOver()
	s.workers.close()
	unix.Close(s.listener)
	s.objects.close()
	s.threads.close()
	unmapCalls(s.calls)
}
