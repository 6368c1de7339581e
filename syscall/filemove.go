package bpfsys

import (
	"strings"

	"github.com/bpfsim/bpfsim/abi"
)

// Rename moves a pin or a directory within the bpffs, over a pin or an empty directory that is in its place, with the
// errnos of rename(2) (do_renameat2 in fs/namei.c, simple_rename in fs/libfs.c). What is not on the bpffs is not for
// moving here: EPERM.
func (t *FileTree) Rename(from, to string) abi.Errno {
	t.mu.Lock()
	defer t.mu.Unlock()
	source, errno := t.entryAt(from)
	if errno != abi.OK {
		return errno
	}
	target, errno := t.entryAt(to)
	switch {
	case errno != abi.OK:
		return errno
	case source.dir.bpf != target.dir.bpf:
		return abi.EXDEV
	case source.dots() || target.dots():
		return abi.EBUSY
	}
	return source.moveTo(target)
}

// Rmdir removes an empty directory from the bpffs.
func (t *FileTree) Rmdir(path string) abi.Errno {
	t.mu.Lock()
	defer t.mu.Unlock()
	e, errno := t.entryAt(path)
	switch {
	case errno != abi.OK:
		return errno
	case e.root:
		return abi.EBUSY
	case e.name == "..":
		return abi.ENOTEMPTY
	case e.name == ".":
		return abi.EINVAL
	}
	n, errno := e.dir.step(e.name)
	switch {
	case errno != abi.OK:
		return errno
	case n.children == nil:
		return abi.ENOTDIR
	case n.bpf != e.dir.bpf: // the mount point
		return abi.EBUSY
	case len(n.children) > 0:
		return abi.ENOTEMPTY
	}
	n.drop()
	return abi.OK
}

// entry is a name in a directory; nothing need be there.
type entry struct {
	dir   *node
	name  string
	slash bool // a slash follows the name
	root  bool // there is no name: the path is the root
}

// entryAt walks path up to its last component, whose directory must exist.
func (t *FileTree) entryAt(path string) (entry, abi.Errno) {
	if path == "" {
		return entry{}, abi.ENOENT
	}
	dir, name, errno := t.parentOf(AtCWD, path)
	if errno == abi.OK && dir.children == nil {
		errno = abi.ENOTDIR
	}
	slash, root := strings.HasSuffix(path, "/"), strings.Trim(path, "/") == ""
	return entry{dir: dir, name: name, slash: slash, root: root}, errno
}

// dots reports whether the name is one that every directory has.
func (e entry) dots() bool { return e.name == "." || e.name == ".." }

// moveTo moves what is at e to another entry of the same file system.
func (e entry) moveTo(to entry) abi.Errno {
	n, errno := e.dir.step(e.name)
	if errno != abi.OK {
		return errno
	}
	old, errno := to.dir.step(to.name)
	switch {
	case errno != abi.OK && errno != abi.ENOENT:
		return errno
	case n.children == nil && (e.slash || to.slash):
		return abi.ENOTDIR
	case n.holds(to.dir):
		return abi.EINVAL
	case old != nil && old.holds(e.dir):
		return abi.ENOTEMPTY
	case old == n:
		return abi.OK
	case !e.dir.bpf:
		return abi.EPERM
	case old != nil:
		if errno := n.replaces(old); errno != abi.OK {
			return errno
		}
		old.drop()
	}
	delete(e.dir.children, e.name)
	to.dir.add(to.name, n)
	return abi.OK
}

// replaces tells whether n may take the place of old.
func (n *node) replaces(old *node) abi.Errno {
	switch {
	case n.children != nil && old.children == nil:
		return abi.ENOTDIR
	case n.children == nil && old.children != nil:
		return abi.EISDIR
	case len(old.children) > 0:
		return abi.ENOTEMPTY
	}
	return abi.OK
}

// holds reports whether dir is n or lies below it.
func (n *node) holds(dir *node) bool {
	for ; dir != n; dir = dir.parent {
		if dir == dir.parent {
			return false
		}
	}
	return true
}
