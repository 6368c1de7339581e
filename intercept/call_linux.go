//go:build linux && (amd64 || arm64)

package intercept

import (
	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
	"github.com/bpfsim/bpfsim/syscall"
	"golang.org/x/sys/unix"
)

// call is one notification being answered: the calling thread's memory, fds and paths.
type call struct {
	*supervisor
	*notification
	memory  bpfsys.ProcessMemory
	calling *thread   // nil until asked for, in use to the end of the call
	objects []*object // likewise
	inherit bool      // a new fd stays open when the caller executes a program
}

// handle answers the call that was received.
func (c *call) handle() {
	c.memory.Begin(int(c.PID))
	switch {
	case c.Number == unix.SYS_BPF:
		c.bpf()
	case !c.fileCall() && !c.memlockLimits() && !c.perf() && !c.setsockopt() && !c.netlink() && !c.write():
		c.pass()
	}
	c.letGo()
}

// letGo ends the use of what the call has acquired.
func (c *call) letGo() {
	if c.calling != nil {
		c.threads.release(c.calling)
	}
	c.dropObjects()
	c.calling, c.inherit = nil, false
}

// dropObjects ends the use of objects. It comes before the answer: the caller may close its last fd of one and look
// whether the map is gone.
func (c *call) dropObjects() {
	for _, o := range c.objects {
		c.supervisor.objects.release(o)
	}
	clear(c.objects)
	c.objects = c.objects[:0]
}

// caller is the calling thread. Most calls that are only passed on never ask for it.
func (c *call) caller() *thread {
	if c.calling == nil {
		c.calling = c.threads.acquire(int(c.PID))
	}
	return c.calling
}

// stat finds the file behind a fd of the caller. A directory of a dead thread finds nothing: what it does find says that
// the thread lives, and saves asking.
func (c *call) stat(fd int32) (id inode, open bool) {
	if c.calling != nil {
		return c.calling.stat(fd)
	}
	if th := c.threads.take(int(c.PID)); th != nil {
		if id, open = th.stat(fd); open {
			c.calling = th
			return id, true
		}
		c.threads.release(th)
	}
	return c.caller().stat(fd)
}

// bpf answers bpf(2).
func (c *call) bpf() {
	cmd, attr, size := uint32(c.Args[0]), c.Args[1], uint32(c.Args[2])
	kernel := c.kernel()
	entry := c.recorders.turn(kernel)
	if sweeps(abi.Cmd(cmd)) {
		c.supervisor.objects.sweep()
		c.bpffs.sweep()
		kernel.Sweep()
	}
	task := maps.Task{CPU: c.taskCPU(abi.Cmd(cmd))}
	process := c.process()
	line := c.tracer.begin(int(c.PID), &process, abi.Cmd(cmd), attr, size)
	if entry != nil {
		entry.Begin(c.recorded(task.CPU), &process, abi.Cmd(cmd), attr, size)
	}
	ret, errno := kernel.Bpf(&task, &process, cmd, attr, size)
	if entry != nil {
		entry.End(ret, errno)
	}
	c.tracer.end(line)
	c.dropObjects()
	c.answer(int64(ret), errno)
}

// sweeps tells the commands whose results depend on which objects are gone.
func sweeps(cmd abi.Cmd) bool {
	switch cmd {
	case abi.MapCreate, abi.MapGetNextID, abi.MapGetFDByID, abi.BTFLoad, abi.BTFGetNextID, abi.BTFGetFDByID, abi.ProgLoad,
		abi.ProgGetNextID, abi.ProgGetFDByID, abi.LinkCreate, abi.LinkUpdate, abi.LinkGetNextID, abi.LinkGetFDByID, abi.RawTracepointOpen,
		abi.ProgAttach, abi.ProgDetach, abi.ProgQuery: // a link is gone from where it was with its last fd
		return true
	}
	return false
}

// process is the calling process as the simulated kernel knows it.
func (c *call) process() bpfsys.Process {
	return bpfsys.Process{Mem: &c.memory, Files: c, FS: c, Caps: c.caps, Host: c, Backing: newBacking, UID: c.uid}
}

// taskCPU is the CPU that the operation runs on. Only operations that may take or return an element depend on it, and
// asking costs as much as a lookup.
func (c *call) taskCPU(cmd abi.Cmd) int {
	switch cmd {
	case abi.MapLookupElem, abi.MapGetNextKey, abi.ObjGetInfoByFD, abi.MapGetNextID:
		return 0
	}
	if c.cpus < 2 {
		return 0
	}
	return simulatedCPU(c.caller().cpu(), c.cpus)
}

// Get finds the map that a fd of the caller stands for (bpfsys.Files).
func (c *call) Get(fd int32) (*bpfsys.File, bool) {
	id, open := c.stat(fd)
	if !open {
		return nil, false
	}
	if !c.caller().usable(fd) {
		return nil, false
	}
	o := c.object(id)
	if o == nil {
		return nil, true
	}
	return o.file, true
}

// IsOpen reports whether the caller has a fd, O_PATH or not (bpfsys.Files).
func (c *call) IsOpen(fd int32) bool {
	_, open := c.caller().stat(fd)
	return open
}

// object finds the object that a file stands for, nil when it stands for none, and keeps it to the end of the call.
func (c *call) object(id inode) *object {
	o := c.supervisor.objects.acquire(id)
	if o != nil {
		c.objects = append(c.objects, o)
	}
	return o
}

// Install gives file a fd in the caller (bpfsys.Files).
func (c *call) Install(file *bpfsys.File) (int32, abi.Errno) {
	source, o, errno := c.supervisor.objects.open(file)
	if errno == abi.ENFILE && !c.full.Swap(true) {
		warn(c.stderr, "ulimit -Hn is %d: at most %d maps, programs and links can be open at a time; more are answered ENFILE", c.limits.table,
			c.limits.objects)
	}
	if errno != abi.OK {
		return 0, errno
	}
	defer unix.Close(source)
	c.objects = append(c.objects, o)
	flags := uint32(unix.O_CLOEXEC)
	if c.inherit {
		flags = 0
	}
	fd, errno := c.give(source, flags)
	if errno == abi.OK {
		file.Release()
	}
	return fd, errno
}

// give installs a fd of this process in the caller and returns its number there. SECCOMP_ADDFD_FLAG_SEND would answer
// the call as well, but not as one: a signal to this thread between the two lets the call succeed with 0 and no fd.
func (c *call) give(source int, flags uint32) (int32, abi.Errno) {
	if c.listener == noListener {
		return duplicateFD(source, flags)
	}
	fd, errno := install(c.listener, &addFD{ID: c.ID, SourceFD: uint32(source), FDFlags: flags})
	return fd, abi.Errno(errno)
}

// Pin links o at a path of the caller's (bpfsys.FileSystem).
func (c *call) Pin(dir int32, path string, o bpfsys.Object) abi.Errno {
	parent, name, err := c.walkToParent(dir, path)
	if err != nil {
		return errnoOf(err)
	}
	defer unix.Close(parent)
	return c.bpffs.pin(parent, name, 0o600&^c.caller().umask(), o)
}

// Open finds the object pinned at a path of the caller's (bpfsys.FileSystem).
func (c *call) Open(dir int32, path string, access bpfsys.Access) (bpfsys.Object, abi.Errno) {
	handle, err := c.walk(dir, path, true)
	if err != nil {
		return nil, errnoOf(err)
	}
	defer unix.Close(handle)
	return c.bpffs.get(handle, access)
}

// walk returns an O_PATH handle of a path of the caller's.
func (c *call) walk(dir int32, path string, follow bool) (int, error) {
	w := walk{th: c.caller(), missing: c.bpffs.missing}
	return w.open(dir, path, follow)
}

// walkToParent opens the directory of a path and returns the last name, with the slashes that follow it.
func (c *call) walkToParent(dir int32, path string) (parent int, name string, err error) {
	if path == "" {
		return -1, "", unix.ENOENT
	}
	above, name := splitLast(path)
	parent, err = c.walk(dir, above, true)
	return parent, name, err
}

// answer ends the call. A caller that died meanwhile (ENOENT) needs none.
func (c *call) answer(value int64, errno abi.Errno) {
	r := response{ID: c.ID, Value: value, Error: -int32(errno)}
	if errno != abi.OK {
		r.Value = 0
	}
	send(c.listener, &r)
}

// pass lets the real kernel do the call.
func (c *call) pass() {
	send(c.listener, &response{ID: c.ID, Flags: unix.SECCOMP_USER_NOTIF_FLAG_CONTINUE})
}

// errnoOf is the number of an error of a system call.
func errnoOf(err error) abi.Errno {
	if errno, ok := err.(unix.Errno); ok {
		return abi.Errno(errno)
	}
	return abi.ENOMEM
}
