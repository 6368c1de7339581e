package intercept

import (
	"encoding/binary"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/bpfsim/bpfsim/syscall"
	"golang.org/x/sys/unix"
)

// pins are the files of a bpffs that stand for objects. A watch on each keeps its inode number from being given away again
// and tells when the file is gone for good, the last name and the last O_PATH fd of any program: Linux keeps the object
// until then, too. Where inotify is used up, a handle does the first, and its link count tells of the names only.
type pins struct {
	notify  int // inotify, -1 before the first pin and where there is none
	byInode map[inode]*pin
	byWatch map[int]*pin
	handled map[*pin]struct{} // those with a handle
	gone    func(*bpfsys.File)
}

// pin is an object's file.
type pin struct {
	file   *bpfsys.File // open as long as the pin is there
	id     inode
	watch  int // inotify watch descriptor, -1 when there is none
	handle int // O_PATH, -1 when there is a watch
}

func newPins() pins {
	return pins{notify: -1, byInode: map[inode]*pin{}, byWatch: map[int]*pin{}, handled: map[*pin]struct{}{}}
}

// at finds the pin that a file is, nil when it is none. What happened to a file that had its inode number before was
// told when the file was made, and is heard first.
func (all *pins) at(id inode) *pin {
	all.sweep()
	return all.byInode[id]
}

// add makes an open new file the pin of o.
func (all *pins) add(file int, o bpfsys.Object) error {
	var st unix.Stat_t
	if err := unix.Fstat(file, &st); err != nil {
		return err
	}
	all.sweep()
	p := &pin{id: inodeOf(&st), watch: all.startWatch(file), handle: -1}
	if p.watch >= 0 {
		all.byWatch[p.watch] = p
	} else {
		handle, err := unix.Open(self(file), openHandle, 0)
		if err != nil {
			return err
		}
		p.handle, all.handled[p] = handle, struct{}{}
	}
	o.Hold()
	p.file = bpfsys.NewFile(o, bpfsys.ReadWrite)
	all.byInode[p.id] = p
	return nil
}

func (all *pins) startWatch(file int) int {
	if all.notify < 0 {
		notify, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
		if err != nil {
			return -1
		}
		all.notify = notify
	}
	watch, err := unix.InotifyAddWatch(all.notify, self(file), unix.IN_DELETE_SELF)
	if err != nil {
		return -1
	}
	return watch
}

// sweep drops the pins whose files are gone.
func (all *pins) sweep() {
	for p := range all.handled {
		var st unix.Stat_t
		if unix.Fstat(p.handle, &st) == nil && st.Nlink == 0 {
			all.drop(p)
		}
	}
	if all.notify < 0 {
		return
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

// events handles what inotify(7) tells: 16 bytes an event. IN_IGNORED is the last of every watch.
func (all *pins) events(buf []byte) {
	for ; len(buf) >= unix.SizeofInotifyEvent; buf = buf[unix.SizeofInotifyEvent:] {
		watch, mask := int(int32(binary.NativeEndian.Uint32(buf))), binary.NativeEndian.Uint32(buf[4:])
		if mask&unix.IN_Q_OVERFLOW != 0 {
			all.dropUnwatched()
		} else if p, ok := all.byWatch[watch]; ok && mask&unix.IN_IGNORED != 0 {
			all.drop(p)
		}
	}
}

// dropUnwatched drops the pins whose events were lost: their watches are no longer among those that the kernel lists
// (proc(5), fdinfo of inotify).
func (all *pins) dropUnwatched() {
	text, err := os.ReadFile("/proc/self/fdinfo/" + strconv.Itoa(all.notify))
	if err != nil {
		return
	}
	watched := map[int]bool{}
	for line := range strings.Lines(string(text)) {
		var watch int
		if _, err := fmt.Sscanf(line, "inotify wd:%x", &watch); err == nil {
			watched[watch] = true
		}
	}
	for watch, p := range all.byWatch {
		if !watched[watch] {
			all.drop(p)
		}
	}
}

func (all *pins) drop(p *pin) {
	delete(all.byInode, p.id)
	delete(all.byWatch, p.watch)
	delete(all.handled, p)
	if p.handle >= 0 {
		unix.Close(p.handle)
	}
	if all.gone != nil {
		all.gone(p.file)
	}
	p.file.Release()
}

func (all *pins) close() {
	for _, p := range all.byInode {
		all.drop(p)
	}
	if all.notify >= 0 {
		unix.Close(all.notify)
	}
}
