//go:build linux && (amd64 || arm64)

package intercept

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
	"github.com/bpfsim/bpfsim/syscall"
	"golang.org/x/sys/unix"
)

// Own answers calls of this very process, which its client library hands over instead of making them. Fds, memory, mappings and pins are
// what they are under Run: only the way here is shorter. Its methods may be called from many goroutines.
type Own struct {
	supervisor
	pid   int
	stray *bpfsys.Kernel
	below func(*bpfsys.Kernel) string
	calls sync.Pool
	watch atomic.Pointer[Watcher]
	fds   fdCache
}

// noListener is the listener of a supervisor whose only client is its own process.
const noListener = -1

// NewOwn takes over a directory that stands for the bpffs. Of the options it wants Current or Kernel, Stray, Below, Caps, Types, CPUs,
// BPFFS, Record and Stderr.
// closes may be nil. It keeps all other bpf(2) calls of the process, and of what it starts, from the host's kernel, and is an error where it cannot.
func NewOwn(o Options, closes *Closes) (*Own, error) {
	if err := guard(); err != nil {
		return nil, fmt.Errorf("keep bpf(2) calls that are not handed over from the host's kernel: %w: run where seccomp(2) is allowed, or without "+
			"capabilities and with sysctl kernel.unprivileged_bpf_disabled other than 0", err)
	}
	o = o.withDefaults()
	dir, err := filepath.EvalSymlinks(o.BPFFS) // as the kernel names it where a program asks
	if err != nil {
		return nil, fmt.Errorf("find bpffs directory: %w", err)
	}
	root, err := unix.Open(dir, openHandle|unix.O_DIRECTORY, 0)
	if err != nil {
		return nil, fmt.Errorf("open bpffs directory: %w", err)
	}
	defer unix.Close(root)
	fs, err := newBPFFS(root)
	if err != nil {
		return nil, err
	}
	limits := fdLimits()
	if o.Below == nil {
		o.Below = func(*bpfsys.Kernel) string { return "" }
	}
	own := &Own{pid: os.Getpid(), stray: o.Stray, below: o.Below, supervisor: supervisor{listener: noListener, limits: limits, stderr: o.Stderr, kernel: o.Current, caps: o.Caps,
		uid: o.CallerUID(), probes: HostProbes(), cpus: o.CPUs, objects: newObjects(limits.objects), gates: newGates(), bpffs: fs,
		threads: newThreads(1)}}
	own.fds.closed = closes
	own.objects.untimed, own.gates.untimed = true, true
	if n, err := PossibleCPUs(); err != nil || n != o.CPUs {
		own.cpuText = cpuText(o.CPUs)
	}
	if o.Types != nil {
		own.types = string(o.Types.Data())
	}
	own.recorders.probed.Store(true) // there is no shim
	own.record(o.Record)
	own.calls.New = func() any { return own.newCall() }
	return own, nil
}

// Watch has calls told to w from now on; nil is for nobody.
func (own *Own) Watch(w Watcher) {
	if w == nil {
		own.watch.Store(nil)
		return
	}
	own.watch.Store(&w)
}

// Close ends the service. Fds of objects stay open and mean nothing any more.
func (own *Own) Close() {
	own.bpffs.close()
	own.objects.close()
	own.threads.close()
}

// Sweep frees the objects whose last fd was closed, or whose last pin was removed.
func (own *Own) Sweep() {
	own.objects.sweep()
	own.bpffs.sweep()
}

// ownCall is a call in progress. It is kept for the next one, so that calls on elements allocate nothing.
type ownCall struct {
	call
	own     *Own
	answers *bpfsys.Kernel // the call
	from    notification
	task    maps.Task
	process bpfsys.Process
	attr    [abi.MaxAttrSize]byte
}

func (own *Own) newCall() *ownCall {
	c := &ownCall{own: own}
	c.from.PID = uint32(own.pid)
	c.supervisor, c.notification = &own.supervisor, &c.from
	c.process = bpfsys.Process{Mem: ownMemory{}, Files: c, FS: c, Caps: own.caps, Host: c, Backing: newOwnBacking, UID: own.uid}
	return c
}

func (own *Own) begin() *ownCall {
	c := own.calls.Get().(*ownCall)
	c.task = maps.Task{}
	return c
}

func (own *Own) end(c *ownCall) {
	c.letGo()
	own.calls.Put(c)
}

// run is bpf(2) with the attr in c.attr.
func (c *ownCall) run(cmd abi.Cmd, addr uint64, size uint32) (int32, abi.Errno) {
	c.answers = c.kernel()
	if c.answers == c.own.stray {
		c.answers = c.owner(cmd, int(size))
	}
	entry := c.recorders.turn(c.answers)
	if sweeps(cmd) {
		c.own.Sweep()
	}
	if entry == nil {
		return c.answers.Bpf(&c.task, &c.process, uint32(cmd), addr, size)
	}
	process := c.process // which is kept for the next call
	entry.Begin(c.recorded(c.task.CPU), &process, cmd, addr, size)
	ret, errno := c.answers.Bpf(&c.task, &process, uint32(cmd), addr, size)
	entry.End(ret, errno)
	return ret, errno
}

// owner is the kernel of the first object that a call is about, or else that for strays.
func (c *ownCall) owner(cmd abi.Cmd, size int) *bpfsys.Kernel {
	for _, f := range abi.Fields(cmd) {
		if f.Kind != abi.FD || f.End() > min(size, len(c.attr)) {
			continue
		}
		if file, _ := c.Get(int32(binary.NativeEndian.Uint32(c.attr[f.Offset:]))); file != nil && file.Kernel() != nil {
			return file.Kernel()
		}
	}
	return c.own.stray
}

// runWatched is run under the eyes of w.
func (c *ownCall) runWatched(w Watcher, cmd abi.Cmd, addr uint64, size uint32) (ret int32, errno abi.Errno) {
	attr := c.attr[:min(int(size), len(c.attr))]
	c.task.CPU = w.Begin(cmd, attr)
	ret, errno = c.run(cmd, addr, size)
	w.End(cmd, attr, ret, errno)
	return ret, errno
}

// Get finds the object that a fd of this process stands for (bpfsys.Files).
func (c *ownCall) Get(fd int32) (*bpfsys.File, bool) {
	if file := c.own.fds.get(fd); file != nil {
		return file, true
	}
	closes := c.own.fds.closes(fd)
	id, open := statFD(fd)
	if !open || isPath(fd) {
		return nil, false
	}
	o := c.object(id)
	if o == nil {
		return nil, true
	}
	c.own.fds.put(fd, closes, o)
	return o.file, true
}

// Install gives file a fd of this process (bpfsys.Files). Whoever closed what had its number may not have counted that yet.
func (c *ownCall) Install(file *bpfsys.File) (int32, abi.Errno) {
	fd, errno := c.call.Install(file)
	if errno == abi.OK {
		c.own.fds.forget(fd)
	}
	return fd, errno
}

// isPath tells that fd is open for its path only (O_PATH), which fget in the kernel treats as not open.
func isPath(fd int32) bool {
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	return err != nil || flags&unix.O_PATH != 0
}

// IsOpen reports whether this process has a fd, O_PATH or not (bpfsys.Files).
func (c *ownCall) IsOpen(fd int32) bool {
	_, open := statFD(fd)
	return open
}

// Pin links o at a path (bpfsys.FileSystem).
func (c *ownCall) Pin(dir int32, path string, o bpfsys.Object) abi.Errno {
	return c.call.Pin(dir, c.own.translate(c.answers, path), o)
}

// Open finds the object pinned at a path (bpfsys.FileSystem).
func (c *ownCall) Open(dir int32, path string, access bpfsys.Access) (bpfsys.Object, abi.Errno) {
	return c.call.Open(dir, c.own.translate(c.answers, path), access)
}

// translate is where a path leads that looks for the bpffs of a kernel where all clients do. No mount can lie there for this process alone.
func (own *Own) translate(k *bpfsys.Kernel, path string) string {
	rest, ok := strings.CutPrefix(filepath.Clean(path), mountPoint)
	if !ok || rest != "" && rest[0] != '/' {
		return path
	}
	return own.bpffs.dir + own.below(k) + rest
}
