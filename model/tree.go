package model

import (
	"maps"
	"strings"

	"github.com/bpfsim/bpfsim/abi"
)

// Limits of path names (path_resolution(7)), in bytes; maxPath counts the NUL.
const (
	maxPath = 4096
	maxName = 255
)

// tree is the BPF file system (kernel/bpf/inode.c): the serial of the map pinned at each path, 0 for a directory. Paths
// start behind the mount point: "/a/b". The root itself is not listed.
type tree map[string]int

// directory reports whether path is one.
func (t tree) directory(path string) bool {
	serial, exists := t[path]
	return path == "" || exists && serial == 0
}

// place is where a path name leads.
type place struct {
	inside bool   // on the BPF file system
	above  string // else: the directory, one of those that hold the mount point
	dir    string // the directory that holds the last component
	last   string // last component, "" when the name ends in a directory already reached ("/", ".", "..")
	slash  bool   // a slash follows the last component
}

// path is the place as a key of tree.
func (p place) path() string {
	if p.last == "" {
		return p.dir
	}
	return p.dir + "/" + p.last
}

// walk resolves an absolute name, as path_resolution(7) says: every component but the last must be a directory. It stops
// where the name leaves the directories that hold mount: nothing is known of the files there.
func (t tree) walk(mount, name string) (place, abi.Errno) {
	p := place{}
	if !strings.HasPrefix(name, "/") {
		return p, abi.OK
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == "" {
			continue
		}
		if p.inside {
			if errno := t.enter(p, part); errno != abi.OK {
				return p, errno
			}
		}
		known := false
		if p, known = p.step(mount, part); !known {
			return p, abi.OK
		}
	}
	p.slash = strings.HasSuffix(name, "/")
	return p, abi.OK
}

// enter is the errno of looking for part in p.
func (t tree) enter(p place, part string) abi.Errno {
	_, exists := t[p.path()]
	switch {
	case t.directory(p.path()) && len(part) > maxName:
		return abi.ENAMETOOLONG
	case t.directory(p.path()):
		return abi.OK
	case exists:
		return abi.ENOTDIR
	}
	return t.absent(p)
}

// absent is the errno of looking up a name that is not there: names with a dot are the file system's own (bpf_lookup in
// kernel/bpf/inode.c).
func (t tree) absent(p place) abi.Errno {
	if strings.Contains(p.last, ".") {
		return abi.EPERM
	}
	return abi.ENOENT
}

// step goes from a directory to one of its names, false when it leads to files of which nothing is known.
func (p place) step(mount, part string) (place, bool) {
	at := p.path()
	switch {
	case part == ".":
		return place{inside: p.inside, above: p.above, dir: at}, true
	case part == ".." && p.inside && at != "":
		return place{inside: true, dir: parent(at)}, true
	case part == ".." && p.inside:
		return place{above: parent(mount)}, true
	case part == "..":
		return place{above: parent(p.above)}, true
	case p.inside:
		return place{inside: true, dir: at, last: part}, true
	}
	below := p.above + "/" + part
	return place{inside: below == mount, above: below}, strings.HasPrefix(mount+"/", below+"/")
}

// parent is the directory that holds path; the root is its own.
func parent(path string) string { return path[:max(strings.LastIndexByte(path, '/'), 0)] }

// free tells why nothing can be made at p (filename_create in fs/namei.c, then bpf_lookup in kernel/bpf/inode.c).
func (t tree) free(p place) abi.Errno {
	_, exists := t[p.path()]
	switch {
	case p.last == "" || exists:
		return abi.EEXIST
	case t.absent(p) == abi.EPERM:
		return abi.EPERM
	case p.slash:
		return abi.ENOENT
	}
	return abi.OK
}

// Mkdir makes the directory path on the BPF file system; what mkdir(2) would refuse changes nothing.
func (s *State) Mkdir(path string) *State {
	p, errno := s.tree.walk(s.config.BPFFS, path)
	p.slash = false // mkdir(2) takes one
	if errno != abi.OK || !p.inside || s.tree.free(p) != abi.OK {
		return s
	}
	next := *s
	next.tree = maps.Clone(s.tree)
	next.tree[p.path()] = 0
	return &next
}

// Unlink removes the pin or the empty directory at path; where there is none it changes nothing.
func (s *State) Unlink(path string) *State {
	p, errno := s.tree.walk(s.config.BPFFS, path)
	serial, exists := s.tree[p.path()]
	if errno != abi.OK || !p.inside || !exists || p.last == "" || s.tree.filled(p.path()) || p.slash && serial != 0 {
		return s
	}
	next := *s
	next.tree = maps.Clone(s.tree)
	delete(next.tree, p.path())
	next.put(serial)
	return &next
}

// filled reports whether something lies below path.
func (t tree) filled(path string) bool {
	for name := range t {
		if strings.HasPrefix(name, path+"/") {
			return true
		}
	}
	return false
}

// Rename moves the pin or directory at from to the path to, over a pin or an empty directory that is there; what
// rename(2) would refuse changes nothing.
func (s *State) Rename(from, to string) *State {
	old, err1 := s.tree.walk(s.config.BPFFS, from)
	new, err2 := s.tree.walk(s.config.BPFFS, to)
	if err1 != abi.OK || err2 != abi.OK || !s.tree.moves(old, new) {
		return s
	}
	next := *s
	replaced := s.tree[new.path()]
	next.tree = tree{}
	for path, serial := range s.tree {
		if path != new.path() {
			next.tree[moved(path, old.path(), new.path())] = serial
		}
	}
	next.put(replaced)
	return &next
}

// moves reports whether rename(2) would move something from old to new, two different places.
func (t tree) moves(old, new place) bool {
	_, exists := t[old.path()]
	directory := t.directory(old.path())
	switch {
	case !old.inside || !new.inside || old.last == "" || new.last == "" || !exists || old.path() == new.path():
		return false
	case !directory && (old.slash || new.slash) || strings.HasPrefix(new.path(), old.path()+"/"):
		return false
	}
	if _, taken := t[new.path()]; taken {
		return t.directory(new.path()) == directory && !t.filled(new.path())
	}
	return t.absent(new) == abi.ENOENT
}

// moved is the name of path after old has become new.
func moved(path, old, new string) string {
	if rest, inside := strings.CutPrefix(path, old); inside && (rest == "" || rest[0] == '/') {
		return new + rest
	}
	return path
}
