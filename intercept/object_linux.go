package intercept

import (
	"sync"
	"time"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/syscall"
	"golang.org/x/sys/unix"
)

// object is what the fds of a map, a program or BTF with one access mode stand for. The mode belongs to the inode: reopening a fd through
// /proc, with whatever mode, gains no rights.
type object struct {
	file  *bpfsys.File
	memfd memfd
	watch int  // inotify watch descriptor, -1 when there is none
	users int  // calls in progress that use it
	late  bool // to be tried again when they have ended
	level int  // of suspicion, notSuspect when there is none
	gate  *gate
}

// opened is what there is one object of.
type opened struct {
	object bpfsys.Object
	access bpfsys.Access
	kind   string // link text
}

func openedBy(f *bpfsys.File) opened { return opened{f.Object(), f.Access(), f.Kind()} }

// objects are what some fd of some program may still stand for. The kernel tells nobody when the last fd of
// a memfd is closed in another process, but it refuses a write lease on a file that anybody else has open.
type objects struct {
	mu        sync.Mutex
	most      int // bounds byInode, and the fds of gates with it
	gated     int // how many have a gate
	notify    int // inotify, -1 when there is none
	byInode   map[inode]*object
	byFile    map[opened]*object
	byWatch   map[int]*object
	unwatched map[*object]struct{}
	suspects  suspects
	idle      *time.Timer // runs while there are objects
	untimed   bool        // it never does
	gone      func(*bpfsys.File)
}

// newObjects makes room for most objects. It does without inotify where the user has no instance left (fs.inotify.max_user_instances).
func newObjects(most int) *objects {
	notify, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		notify = -1
	}
	return &objects{most: most, notify: notify, byInode: map[inode]*object{}, byFile: map[opened]*object{},
		byWatch: map[int]*object{}, unwatched: map[*object]struct{}{}}
}

// acquire finds the object that a file stands for, nil when it stands for none. It is not freed before release.
func (all *objects) acquire(id inode) *object {
	all.mu.Lock()
	defer all.mu.Unlock()
	o := all.byInode[id]
	if o != nil {
		o.users++
	}
	return o
}

// release ends what acquire or open began. While the object was in use it was not freed.
func (all *objects) release(o *object) {
	all.mu.Lock()
	defer all.mu.Unlock()
	o.users--
	if o.users == 0 && o.late {
		o.late = false
		all.suspect(o)
	}
}

// open makes a new open file description for fds of an object as file has it, and acquires it.
func (all *objects) open(file *bpfsys.File) (fd int, o *object, errno abi.Errno) {
	all.mu.Lock()
	defer all.mu.Unlock()
	o, errno = all.find(openedBy(file))
	if errno != abi.OK {
		return -1, nil, errno
	}
	fd, err := o.memfd.open(openModes[file.Access()])
	if err != nil {
		all.suspect(o)
		return -1, nil, errnoOf(err)
	}
	o.users++
	return fd, o, abi.OK
}

// find finds or makes an object.
func (all *objects) find(key opened) (*object, abi.Errno) {
	if o, ok := all.byFile[key]; ok {
		return o, abi.OK
	}
	if len(all.byInode)+fdsOfGate*all.gated >= all.most {
		return nil, abi.ENFILE
	}
	f, err := key.memfd()
	if err != nil {
		return nil, errnoOf(err)
	}
	key.object.Hold()
	o := &object{file: bpfsys.NewFile(key.object, key.access).As(key.kind), memfd: f, watch: -1, level: notSuspect}
	all.byInode[f.id], all.byFile[key] = o, o
	all.startWatch(o)
	all.startIdle()
	return o, abi.OK
}

// gate is what stands for o, which is in use, in epoll instances.
func (all *objects) gate(o *object, gates *gates) (*gate, abi.Errno) {
	all.mu.Lock()
	defer all.mu.Unlock()
	if o.gate != nil {
		return o.gate, abi.OK
	}
	waited, ok := o.file.Object().(bpfsys.Pollable)
	switch {
	case !ok:
		return nil, abi.EPERM
	case len(all.byInode)+fdsOfGate*(all.gated+1) > all.most:
		return nil, abi.ENOMEM
	}
	g, err := newGate(gates, waited)
	if err != nil {
		return nil, abi.ENOMEM
	}
	o.gate = g
	all.gated++
	return g, abi.OK
}

// memfd is the file with the elements, where programs may map them, and else an empty one.
func (key opened) memfd() (memfd, error) {
	if b := key.backing(); b != nil {
		return b.memfd, nil
	}
	return newMemfd(0, fixedSize|unchanged)
}

// mapped tells objects with memory that programs can map, through whatever fds.
func (key opened) mapped() bool {
	m, ok := key.object.(interface{ Backing() bpfsys.Backing })
	return ok && m.Backing() != nil
}

// backing is the memory that can be mapped through fds of key, nil when there is none: Linux maps nothing through
// those that are not for reading and writing.
func (key opened) backing() *backing {
	m, ok := key.object.(interface{ Backing() bpfsys.Backing })
	if !ok || key.access != bpfsys.ReadWrite {
		return nil
	}
	b, _ := m.Backing().(*backing)
	return b
}

// startWatch asks for an event when a fd of o is closed. Without a watch (fs.inotify.max_user_watches) o is tried at
// every sweep.
func (all *objects) startWatch(o *object) {
	watch, err := unix.InotifyAddWatch(all.notify, self(o.memfd.fd), unix.IN_CLOSE)
	if err != nil {
		all.unwatched[o] = struct{}{}
		return
	}
	o.watch, all.byWatch[watch] = watch, o
}

func (all *objects) free(o *object) {
	if all.gone != nil {
		all.gone(o.file)
	}
	key := openedBy(o.file)
	delete(all.byInode, o.memfd.id)
	delete(all.byFile, key)
	delete(all.byWatch, o.watch)
	delete(all.unwatched, o)
	o.level = notSuspect
	if o.watch >= 0 {
		_, _ = unix.InotifyRmWatch(all.notify, uint32(o.watch))
	}
	if o.gate != nil {
		o.gate.close()
		all.gated--
	}
	if key.backing() == nil {
		o.memfd.close()
	}
	o.file.Release()
}

func (all *objects) close() {
	all.mu.Lock()
	defer all.mu.Unlock()
	for _, o := range all.byInode {
		all.free(o)
	}
	if all.idle != nil {
		all.idle.Stop()
	}
	unix.Close(all.notify)
	all.notify = -1 // a sweep that has begun reads nothing more
}
