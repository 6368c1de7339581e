//go:build linux && (amd64 || arm64)

package bpftest

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/intercept"
	"github.com/bpfsim/bpfsim/syscall"
	"golang.org/x/sys/unix"
)

// A patched Go initialises this package before the client library and what imports that (package patch), so that their calls find somebody.
func init() {
	switch chosen, err := chooseRoad(); {
	case err != nil: // Main tells
	case chosen == patchedRoad:
		hook()
	default:
		passOn()
	}
}

// beginnings begin to answer once: for Main, or for a call that comes before it.
type beginnings struct {
	now   atomic.Pointer[answerer]
	mu    sync.Mutex
	place string // of the call
	err   error  // what kept it from being answered
}

var answering beginnings

// service is who answers, nil where nobody can.
func service() *intercept.Own {
	if a := answering.now.Load(); a != nil {
		return a.own
	}
	if a := answering.early(); a != nil {
		return a.own
	}
	return nil
}

// early begins with the kernel that Main makes without options, of which nothing is known yet.
func (b *beginnings) early() *answerer {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.now.Load() == nil && b.err == nil {
		pcs := make([]uintptr, deepest)
		b.place = callerIn(pcs[:runtime.Callers(1, pcs)])
		b.begin(settings{})
	}
	return b.now.Load()
}

func (b *beginnings) begin(s settings) {
	a, err := newAnswerer(s)
	if b.err = err; err == nil {
		b.now.Store(a)
	}
}

// take is for Main.
func (b *beginnings) take(s settings) (*answerer, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	a := b.now.Load()
	switch {
	case a == nil && b.err == nil:
		b.begin(s)
	case a != nil && (s.btf != "" || s.cpus != 0 && s.cpus != a.host.cpus):
		return nil, fmt.Errorf("the options of Main come too late: %s has asked the kernel before, which had %d CPUs and the host's types then: leave "+
			"CPUs and BTF out, or make that call later than in func init, the value of a package variable, or TestMain before Main", b.place, a.host.cpus)
	}
	return b.now.Load(), b.err
}

// leadPath is where a path leads. Who asks for others than those of the bpffs needs no kernel.
func leadPath(name string) string {
	if answering.now.Load() == nil && !strings.HasPrefix(filepath.Clean(name), mountPoint) {
		return name
	}
	if own := service(); own != nil {
		return own.Path(name)
	}
	return name
}

func openText(name string) (file *os.File, err error, ours bool) {
	if answering.now.Load() == nil && !strings.HasPrefix(filepath.Clean(name), "/sys/") {
		return nil, nil, false
	}
	if own := service(); own != nil {
		return own.OpenText(name)
	}
	return nil, nil, false
}

// The calls on fds that follow need somebody only when there are objects.

func readlink(name string) (text string, ours bool) {
	if a := answering.now.Load(); a != nil {
		return a.own.Readlink(name)
	}
	return "", false
}

func mayMap(fd int, offset int64, length uintptr, prot, flags int) error {
	if a := answering.now.Load(); a != nil {
		return a.own.MayMap(fd, offset, length, prot, flags)
	}
	return nil
}

func epollCtl(queue, op, fd int, event *unix.EpollEvent) (err error, ours bool) {
	if a := answering.now.Load(); a != nil {
		return a.own.EpollCtl(queue, op, fd, event)
	}
	return nil, false
}

func epollWait(queue int, events []unix.EpollEvent, msec int) (n int, err error, ours bool) {
	a := answering.now.Load()
	if a == nil {
		return 0, nil, false
	}
	a.own.LookAtGates()
	return waitStep(a.own, queue, events, msec)
}

func ioctl(fd int, request uint, value int) (err error, ours bool) {
	if a := answering.now.Load(); a != nil {
		return a.own.PerfEventIoctl(fd, abi.PerfRequest(request), uint64(value))
	}
	return nil, false
}

func statfs(path string, buf *unix.Statfs_t) error {
	if err, ours := statfsOfTwin(path, buf); ours {
		return err
	}
	return unix.Statfs(leadPath(path), buf)
}

func statfsOfTwin(path string, buf *unix.Statfs_t) (err error, ours bool) {
	if answering.now.Load() == nil && !strings.HasPrefix(filepath.Clean(path), "/sys/") {
		return nil, false
	}
	own := service()
	return nil, own != nil && own.Statfs(path, buf)
}

func memlock(limit unix.Rlimit) (old unix.Rlimit, err error) {
	if own := service(); own != nil {
		return own.RaiseMemlock(limit)
	}
	return old, unix.ENOSYS
}

func perfEventOpen(args bpfsys.PerfEventOpen) (fd int, err error, ours bool) {
	own := service()
	if own == nil {
		return -1, unix.ENOSYS, true
	}
	if h := answering.now.Load().host; h.here() == h.stray {
		h.tenants.strayed("perf_event_open")
		return -1, unix.ENOSYS, true
	}
	return own.PerfEventOpen(args)
}
