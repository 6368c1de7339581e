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
	thread *thread
	sent   bool // the answer went out together with a new fd
}

// bpf answers bpf(2).
func (c *call) bpf() {
	cmd, attr, size := uint32(c.Args[0]), c.Args[1], uint32(c.Args[2])
	switch abi.Cmd(cmd) {
	case abi.MapCreate, abi.MapGetNextID, abi.MapGetFDByID:
		c.objects.sweep()
		c.bpffs.sweep()
	}
	task := maps.Task{CPU: c.taskCPU(abi.Cmd(cmd))}
	process := bpfsys.Process{Mem: &c.memory, Files: c, FS: c, Caps: c.caps}
	line := c.tracer.begin(c.thread.tid, reader{process.Mem, c}, abi.Cmd(cmd), attr, size)
	ret, errno := c.kernel.Bpf(&task, &process, cmd, attr, size)
	c.tracer.end(line, ret, errno)
	if !c.sent {
		c.answer(int64(ret), errno)
	}
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
	return c.thread.cpu() % c.cpus
}

// Get finds the map that a fd of the caller stands for (bpfsys.Files).
func (c *call) Get(fd int32) (*bpfsys.File, bool) {
	id, open := c.thread.stat(fd)
	if !open {
		return nil, false
	}
	o, ok := c.objects.byInode[id]
	if !ok {
		return nil, true
	}
	access, open := c.thread.access(fd)
	if !open {
		return nil, false
	}
	return o.file(access), true
}

// Install gives file a fd in the caller and answers the call with it (bpfsys.Files): every command that opens a fd
// does so as its last step.
func (c *call) Install(file *bpfsys.File) (int32, abi.Errno) {
	o, errno := c.objects.add(file.Map())
	if errno != abi.OK {
		return 0, errno
	}
	source, err := o.open(file.Access())
	if err != nil {
		return 0, errnoOf(err)
	}
	defer unix.Close(source)
	fd, errno := c.give(source, unix.O_CLOEXEC)
	if errno == abi.OK {
		file.Release()
	}
	return fd, errno
}

// give installs a fd of this process in the caller and answers the call with its number there.
func (c *call) give(source int, flags uint32) (int32, abi.Errno) {
	fd, errno := sendFD(c.listener, &addFD{ID: c.ID, SourceFD: uint32(source), FDFlags: flags})
	if errno != 0 {
		return 0, abi.Errno(errno)
	}
	c.sent = true
	return fd, abi.OK
}

// Pin links m at a path of the caller's (bpfsys.FileSystem).
func (c *call) Pin(dir int32, path string, m *bpfsys.Map) abi.Errno {
	parent, name, err := c.thread.openParent(dir, path)
	if err != nil {
		return errnoOf(err)
	}
	defer unix.Close(parent)
	return c.bpffs.pin(parent, name, 0o600&^c.thread.umask(), m)
}

// Open finds the map pinned at a path of the caller's (bpfsys.FileSystem).
func (c *call) Open(dir int32, path string, access bpfsys.Access) (*bpfsys.Map, abi.Errno) {
	handle, err := c.thread.open(dir, path)
	if err != nil {
		return nil, errnoOf(err)
	}
	defer unix.Close(handle)
	return c.bpffs.get(handle, access)
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
