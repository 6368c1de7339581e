package bpfsys

import (
	"strings"

	"github.com/bpfsim/bpfsim/abi"
)

// maxName is NAME_MAX, in bytes.
const maxName = 255

// find walks path to its end.
func (t *FileTree) find(dir int32, path string) (*node, abi.Errno) {
	parent, name, errno := t.parentOf(dir, path)
	if errno != abi.OK {
		return nil, errno
	}
	n, errno := parent.step(name)
	if errno == abi.OK && strings.HasSuffix(path, "/") && n.children == nil {
		return nil, abi.ENOTDIR
	}
	return n, errno
}

// vacancy is the directory and the name where something new can be: EEXIST when the name is taken.
func (t *FileTree) vacancy(dir int32, path string) (*node, string, abi.Errno) {
	parent, name, errno := t.parentOf(dir, path)
	if errno != abi.OK {
		return nil, "", errno
	}
	switch _, errno = parent.step(name); errno {
	case abi.OK:
		return nil, "", abi.EEXIST
	case abi.ENOENT:
		return parent, name, abi.OK
	}
	return nil, "", errno
}

// namesDirectory reports whether path ends in a name with a slash behind it, which only a directory can have.
func (t *FileTree) namesDirectory(path string) bool {
	parent, name, errno := t.parentOf(AtCWD, path)
	named := name != "." && name != ".."
	return errno == abi.OK && parent.children != nil && named && strings.HasSuffix(path, "/")
}

// parentOf walks all but the last component of path. The root's last component is ".".
func (t *FileTree) parentOf(dir int32, path string) (*node, string, abi.Errno) {
	at, errno := t.start(dir, path)
	last := "."
	for name := range strings.SplitSeq(path, "/") {
		if name == "" {
			continue
		}
		if errno == abi.OK {
			at, errno = at.step(last)
		}
		last = name
	}
	return at, last, errno
}

// start is where the walk of path begins.
func (t *FileTree) start(dir int32, path string) (*node, abi.Errno) {
	if strings.HasPrefix(path, "/") || dir == AtCWD {
		return t.root, abi.OK
	}
	if n, ok := t.dirs[dir]; ok {
		return n, abi.OK
	}
	return nil, abi.ENOTDIR
}

// step is one component of a walk.
func (n *node) step(name string) (*node, abi.Errno) {
	switch {
	case n.children == nil:
		return nil, abi.ENOTDIR
	case name == ".":
		return n, abi.OK
	case name == "..":
		return n.parent, abi.OK
	case len(name) > maxName:
		return nil, abi.ENAMETOOLONG
	case n.bpf && strings.Contains(name, "."):
		return nil, abi.EPERM
	}
	child, ok := n.children[name]
	if !ok {
		return nil, abi.ENOENT
	}
	return child, abi.OK
}
