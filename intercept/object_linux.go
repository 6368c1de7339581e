package intercept

import (
	"encoding/binary"
	"fmt"
	"sync"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/syscall"
	"golang.org/x/sys/unix"
)

// object is a map (or, with a nil map, any probe program) and the memfd that stands for it in the programs' fd tables.
type object struct {
	m     *bpfsys.Map
	id    inode
	probe int  // read-only fd of the memfd: what it is reopened from, and what the lease is tried on
	watch int  // inotify watch descriptor, -1 when there is none
	users int  // calls in progress that use it
	late  bool // to be looked at again when they have ended
	files [3]*bpfsys.File
}

// objects are the maps that some fd of some program may still stand for. The kernel tells nobody when the last fd of
// a memfd is closed in another process, but it refuses a write lease on a file that anybody else has open.
type objects struct {
	mu        sync.Mutex
	notify    int // inotify
	byInode   map[inode]*object
	byMap     map[*bpfsys.Map]*object
	byWatch   map[int]*object
	unwatched map[*object]struct{}
}

func newObjects() (*objects, error) {
	notify, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return nil, fmt.Errorf("watch map fds: %w", err)
	}
	return &objects{notify: notify, byInode: map[inode]*object{}, byMap: map[*bpfsys.Map]*object{},
		byWatch: map[int]*object{}, unwatched: map[*object]struct{}{}}, nil
}

// file is the open file that a fd of o with that access stands for.
func (all *objects) file(o *object, access bpfsys.Access) *bpfsys.File {
	all.mu.Lock()
	defer all.mu.Unlock()
	if o.files[access] == nil {
		if o.m != nil {
			o.m.Hold()
		}
		o.files[access] = bpfsys.NewFile(o.m, access)
	}
	return o.files[access]
}

var openModes = [3]int{bpfsys.ReadWrite: unix.O_RDWR, bpfsys.ReadOnly: unix.O_RDONLY, bpfsys.WriteOnly: unix.O_WRONLY}

// open makes a new open file description of o in this process, to be handed to a program.
func (o *object) open(access bpfsys.Access) (int, error) {
	return unix.Open(self(o.probe), openModes[access]|unix.O_CLOEXEC, 0)
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

// release ends what acquire or add began. While the object was in use it was not freed.
func (all *objects) release(o *object) {
	all.mu.Lock()
	defer all.mu.Unlock()
	o.users--
	if o.users == 0 && o.late {
		o.late = false
		all.freeIfUnused(o)
	}
}

// add finds or makes the object of m, which may be nil, and acquires it.
func (all *objects) add(m *bpfsys.Map) (*object, abi.Errno) {
	all.mu.Lock()
	defer all.mu.Unlock()
	if o, ok := all.byMap[m]; ok {
		o.users++
		return o, abi.OK
	}
	probe, id, err := newMemfd()
	if err != nil {
		return nil, errnoOf(err)
	}
	o := &object{m: m, id: id, probe: probe, watch: -1, users: 1}
	if m != nil {
		m.Hold()
	}
	all.byInode[id], all.byMap[m] = o, o
	all.startWatch(o)
	return o, abi.OK
}

// newMemfd makes an empty sealed file and returns a read-only fd of it. The fd that memfd_create gives is closed: it
// causes no IN_CLOSE events and does not count as a writer, so that neither the watch nor the lease would see it.
func newMemfd() (int, inode, error) {
	raw, err := unix.MemfdCreate("bpf-map", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return 0, inode{}, err
	}
	defer unix.Close(raw)
	seals := unix.F_SEAL_SHRINK | unix.F_SEAL_GROW | unix.F_SEAL_WRITE | unix.F_SEAL_SEAL
	if _, err := unix.FcntlInt(uintptr(raw), unix.F_ADD_SEALS, seals); err != nil {
		return 0, inode{}, err
	}
	var st unix.Stat_t
	if err := unix.Fstat(raw, &st); err != nil {
		return 0, inode{}, err
	}
	probe, err := unix.Open(self(raw), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	return probe, inodeOf(&st), err
}

// startWatch asks for an event when a fd of o is closed. The probe itself stays open as long as o, so read-only fds can
// be watched as well. Without a watch (fs.inotify.max_user_watches) o is tried at every sweep.
func (all *objects) startWatch(o *object) {
	watch, err := unix.InotifyAddWatch(all.notify, self(o.probe), unix.IN_CLOSE)
	if err != nil {
		all.unwatched[o] = struct{}{}
		return
	}
	o.watch, all.byWatch[watch] = watch, o
}

// sweep frees the maps whose last fd was closed. What a thread closed before its call is seen here.
func (all *objects) sweep() {
	all.mu.Lock()
	defer all.mu.Unlock()
	for o := range all.unwatched {
		all.freeIfUnused(o)
	}
	var buf [4096]byte
	for {
		n, err := unix.Read(all.notify, buf[:])
		if err != nil || n <= 0 {
			return
		}
		all.events(buf[:n])
	}
}

// events handles what inotify(7) tells: 16 bytes an event, without names as only files are watched.
func (all *objects) events(buf []byte) {
	for ; len(buf) >= unix.SizeofInotifyEvent; buf = buf[unix.SizeofInotifyEvent:] {
		watch := int(int32(binary.NativeEndian.Uint32(buf)))
		if binary.NativeEndian.Uint32(buf[4:])&unix.IN_Q_OVERFLOW != 0 {
			all.freeUnused()
			continue
		}
		if o, ok := all.byWatch[watch]; ok {
			all.freeIfUnused(o)
		}
	}
}

func (all *objects) freeUnused() {
	for _, o := range all.byInode {
		all.freeIfUnused(o)
	}
}

// freeIfUnused tries a write lease, which the kernel gives only when the probe is the one open file description of
// the memfd; mappings, passed messages and other processes' fds all count (fcntl(2), F_SETLEASE).
func (all *objects) freeIfUnused(o *object) {
	if o.m == nil {
		return
	}
	if o.users > 0 {
		o.late = true
		return
	}
	if _, err := unix.FcntlInt(uintptr(o.probe), unix.F_SETLEASE, unix.F_WRLCK); err == nil {
		all.free(o)
	}
}

func (all *objects) free(o *object) {
	delete(all.byInode, o.id)
	delete(all.byMap, o.m)
	delete(all.byWatch, o.watch)
	delete(all.unwatched, o)
	if o.watch >= 0 {
		_, _ = unix.InotifyRmWatch(all.notify, uint32(o.watch))
	}
	unix.Close(o.probe)
	for _, f := range o.files {
		if f != nil {
			f.Release()
		}
	}
	if o.m != nil {
		o.m.Release()
	}
}

func (all *objects) close() {
	all.mu.Lock()
	defer all.mu.Unlock()
	for _, o := range all.byInode {
		all.free(o)
	}
	unix.Close(all.notify)
}
