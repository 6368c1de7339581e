//go:build linux && (amd64 || arm64)

package bpftest

import (
	"os"
	"runtime"
	"unsafe"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/intercept"
	"github.com/bpfsim/bpfsim/syscall"
	"golang.org/x/sys/unix"
)

// The variables of the patched client (package patch). Where it is not patched they are ours alone, and nobody looks at them.
type (
	callHook struct {
		bpf func(cmd uint32, attr unsafe.Pointer, size uintptr) (ret int32, errno uint32)
		on  bool
	}
	fileHook struct {
		//lint:ignore U1000 the patched client sets and reads it
		on       bool
		open     func(name string) (file *os.File, err error, ours bool)
		readlink func(name string) (text string, ours bool)
		path     func(name string) string
	}
	unixHook struct {
		//lint:ignore U1000 the patched client sets and reads it
		on            bool
		mayMap        func(fd int, offset int64, length uintptr, prot, flags int) error
		epollCtl      func(queue, op, fd int, event *unix.EpollEvent) (err error, ours bool)
		epollWait     func(queue int, events []unix.EpollEvent, msec int) (n int, err error, ours bool)
		perfEventOpen func(attr *unix.PerfEventAttr, pid, cpu, group, flags int) (fd int, err error, ours bool)
		ioctl         func(fd int, request uint, value int) (err error, ours bool)
		statfs        func(path string, buf *unix.Statfs_t) error
		path          func(name string) string
		memlock       func(limit unix.Rlimit) (old unix.Rlimit, err error)
	}
	twinHook struct {
		//lint:ignore U1000 the patched package sets it
		on     bool
		path   func(name string) string
		statfs func(path string, buf *unix.Statfs_t) (err error, ours bool)
	}
	pathHook struct {
		//lint:ignore U1000 the patched standard library sets it
		on   bool
		path func(name string) string
	}
)

//go:linkname calls github.com/cilium/ebpf/internal/sys.bpfsimCall2
var calls callHook

//go:linkname unixCalls github.com/cilium/ebpf/internal/unix.bpfsimHook2
var unixCalls unixHook

//go:linkname files github.com/cilium/ebpf.bpfsimHook2
var files fileHook

//go:linkname filesOfInternal github.com/cilium/ebpf/internal.bpfsimHook2
var filesOfInternal fileHook

//go:linkname filesOfKallsyms github.com/cilium/ebpf/internal/kallsyms.bpfsimHook2
var filesOfKallsyms fileHook

//go:linkname filesOfLinux github.com/cilium/ebpf/internal/linux.bpfsimHook2
var filesOfLinux fileHook

//go:linkname filesOfSys github.com/cilium/ebpf/internal/sys.bpfsimHook2
var filesOfSys fileHook

// paths leads those of package os.
//
//go:linkname paths syscall.bpfsimPath2
var paths pathHook

// pathsOfTwin leads those of golang.org/x/sys/unix.
//
//go:linkname pathsOfTwin golang.org/x/sys/unix.bpfsimPath2
var pathsOfTwin twinHook

// closes counts the fds that were closed, where the standard library is patched.
//
//go:linkname closes syscall.bpfsimFDs2
var closes intercept.Closes

// wasPatched tells that the client library that is linked here is patched.
var wasPatched = calls.on

func isPatched() bool { return wasPatched }

// passOn has a patched client make its calls, for somebody behind a filter.
func passOn() {
	if calls.on {
		calls.on, unixCalls.on = false, false
	}
}

// hook answers the patched client's calls. It is there once and for all, since goroutines may make calls from the moment on in which their packages are
// initialised.
func hook() {
	calls.bpf = func(cmd uint32, attr unsafe.Pointer, size uintptr) (int32, uint32) {
		own := service()
		if own == nil {
			return -1, uint32(abi.ENOSYS)
		}
		ret, errno := own.Bpf(cmd, attr, size)
		return ret, uint32(errno)
	}
	for _, f := range []*fileHook{&files, &filesOfInternal, &filesOfKallsyms, &filesOfLinux, &filesOfSys} {
		f.open, f.readlink, f.path = openText, readlink, leadPath
	}
	paths.path = leadPath
	pathsOfTwin.path, pathsOfTwin.statfs = leadPath, statfsOfTwin
	unixCalls.mayMap, unixCalls.epollCtl = mayMap, epollCtl
	unixCalls.epollWait = epollWait
	unixCalls.statfs, unixCalls.path, unixCalls.memlock = statfs, leadPath, memlock
	unixCalls.perfEventOpen = func(attr *unix.PerfEventAttr, pid, cpu, group, flags int) (int, error, bool) {
		defer runtime.KeepAlive(attr)
		return perfEventOpen(bpfsys.PerfEventOpen{Attr: uint64(uintptr(unsafe.Pointer(attr))), PID: int32(pid), CPU: int32(cpu),
			Group: int32(group), Flags: uint64(flags)})
	}
	unixCalls.ioctl = ioctl
}
