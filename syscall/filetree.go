package bpfsys

import (
	"slices"
	"strings"
	"sync"

	"github.com/bpfsim/bpfsim/abi"
)

// FileTree is a file system in memory with a bpffs mounted at BPFFS; the directories around it stand for another file
// system, where nothing can be pinned. It answers for kernel/bpf/inode.c and for the path walk of fs/namei.c without
// links and permissions. Processes may share it; its working directory is "/".
type FileTree struct {
	mu   sync.Mutex
	root *node
	dirs map[int32]*node
}

// BPFFS is where the bpffs is mounted.
const BPFFS = "/sys/fs/bpf"

// node is a directory, a pinned object, or (with neither) a file of no interest.
type node struct {
	parent   *node
	children map[string]*node // nil unless a directory
	bpf      bool             // part of the bpffs
	pinned   *File            // pinned here, as an open file of it, with one reference
}

// NewFileTree makes the tree /sys/fs/bpf and /tmp.
func NewFileTree() *FileTree {
	root := &node{children: map[string]*node{}}
	root.parent = root
	root.add("tmp", &node{children: map[string]*node{}})
	at := root
	for _, name := range strings.Split(strings.Trim(BPFFS, "/"), "/") {
		at = at.add(name, &node{children: map[string]*node{}})
	}
	at.bpf = true
	return &FileTree{root: root, dirs: map[int32]*node{}}
}

func (n *node) add(name string, child *node) *node {
	child.parent = n
	n.children[name] = child
	return child
}

// Pin links o at path and takes a reference of its own: EEXIST when the name is taken, EPERM outside the bpffs and for
// names with a dot, which Linux keeps for itself.
func (t *FileTree) Pin(dir int32, path string, o Object) abi.Errno {
	t.mu.Lock()
	defer t.mu.Unlock()
	parent, name, errno := t.vacancy(dir, path)
	switch {
	case errno != abi.OK:
		return errno
	case strings.HasSuffix(path, "/"):
		return abi.ENOENT
	case !parent.bpf:
		return abi.EPERM
	}
	o.Hold()
	parent.add(name, &node{bpf: true, pinned: NewFile(o, ReadWrite)})
	return abi.OK
}

// Open finds the object pinned at path and takes a reference for the caller: EACCES when something else is there.
func (t *FileTree) Open(dir int32, path string, _ Access) (Object, abi.Errno) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n, errno := t.find(dir, path)
	switch {
	case errno != abi.OK:
		return nil, errno
	case n.pinned == nil:
		return nil, abi.EACCES
	}
	n.pinned.object.Hold()
	return n.pinned.object, abi.OK
}

// SetDir makes fd refer to the directory at path, as open does, for BPF_F_PATH_FD.
func (t *FileTree) SetDir(fd int32, path string) abi.Errno {
	t.mu.Lock()
	defer t.mu.Unlock()
	n, errno := t.find(AtCWD, path)
	if errno != abi.OK {
		return errno
	}
	t.dirs[fd] = n
	return abi.OK
}

// Mkdir makes a directory.
func (t *FileTree) Mkdir(path string) abi.Errno {
	t.mu.Lock()
	defer t.mu.Unlock()
	parent, name, errno := t.vacancy(AtCWD, path)
	if errno == abi.OK {
		parent.add(name, &node{children: map[string]*node{}, bpf: parent.bpf})
	}
	return errno
}

// Create makes an empty file as open with O_CREAT and O_EXCL does. The bpffs has no such files: EACCES.
func (t *FileTree) Create(path string) abi.Errno {
	t.mu.Lock()
	defer t.mu.Unlock()
	parent, name, errno := t.vacancy(AtCWD, path)
	switch {
	case t.namesDirectory(path):
		return abi.EISDIR
	case errno != abi.OK:
		return errno
	case parent.bpf:
		return abi.EACCES
	}
	parent.add(name, &node{})
	return abi.OK
}

// Unlink removes a file; the last pin of an object without fds frees it. A directory is EISDIR.
func (t *FileTree) Unlink(path string) abi.Errno {
	t.mu.Lock()
	defer t.mu.Unlock()
	n, errno := t.find(AtCWD, path)
	switch {
	case errno != abi.OK:
		return errno
	case n.children != nil:
		return abi.EISDIR
	}
	n.drop()
	return abi.OK
}

// List names what is in the directory at path, sorted.
func (t *FileTree) List(path string) ([]string, abi.Errno) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n, errno := t.find(AtCWD, path)
	switch {
	case errno != abi.OK:
		return nil, errno
	case n.children == nil:
		return nil, abi.ENOTDIR
	}
	names := make([]string, 0, len(n.children))
	for name := range n.children {
		names = append(names, name)
	}
	slices.Sort(names)
	return names, abi.OK
}

// drop takes n out of its directory and gives its reference back.
func (n *node) drop() {
	delete(n.parent.children, n.name())
	if n.pinned != nil {
		n.pinned.Release()
	}
}

func (n *node) name() string {
	for name, child := range n.parent.children {
		if child == n {
			return name
		}
	}
	panic("bpfsys: a node that its directory does not know")
}
