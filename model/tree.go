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

// walk resolves an absolute name below mount, as path_resolution(7) says: every component but the last must be a
// directory.
func (t tree) walk(mount, name string) (place, abi.Errno) {
	rest, inside := strings.CutPrefix(name, mount)
	if !inside || rest != "" && rest[0] != '/' {
		return place{}, abi.OK
	}
	p := place{inside: true, slash: strings.HasSuffix(rest, "/")}
	for part := range strings.SplitSeq(rest, "/") {
		if part == "" {
			continue
		}
		if !t.directory(p.path()) {
			return p, t.blocked(p.path())
		}
		if len(part) > maxName {
			return p, abi.ENAMETOOLONG
		}
		if p = p.step(part); !p.inside {
			return p, abi.OK
		}
	}
	return p, abi.OK
}

// blocked is the errno of walking through something that is no directory.
func (t tree) blocked(path string) abi.Errno {
	if _, exists := t[path]; exists {
		return abi.ENOTDIR
	}
	return abi.ENOENT
}

// step goes from a directory to one of its names.
func (p place) step(part string) place {
	at := p.path()
	switch {
	case part == ".":
		return place{inside: true, dir: at, slash: p.slash}
	case part == ".." && at == "":
		return place{}
	case part == "..":
		return place{inside: true, dir: at[:strings.LastIndexByte(at, '/')], slash: p.slash}
	}
	return place{inside: true, dir: at, last: part, slash: p.slash}
}

// free tells why nothing can be made at p (filename_create in fs/namei.c, then bpf_lookup in kernel/bpf/inode.c).
func (t tree) free(p place) abi.Errno {
	_, exists := t[p.path()]
	switch {
	case p.last == "" || exists:
		return abi.EEXIST
	case p.slash:
		return abi.ENOENT
	case strings.Contains(p.last, "."): // names with a dot are the file system's own
		return abi.EPERM
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
	if _, exists := s.tree[p.path()]; errno != abi.OK || !exists || p.last == "" || s.tree.filled(p.path()) {
		return s
	}
	next := *s
	next.tree = maps.Clone(s.tree)
	delete(next.tree, p.path())
	next.sweep()
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

// Rename moves the pin at from to the path to, over a pin that is there; from and to are on the BPF file system, and
// what rename(2) would refuse changes nothing.
func (s *State) Rename(from, to string) *State {
	old, err1 := s.tree.walk(s.config.BPFFS, from)
	new, err2 := s.tree.walk(s.config.BPFFS, to)
	if err1 != abi.OK || err2 != abi.OK || s.tree[old.path()] == 0 || !s.tree.takes(new) {
		return s
	}
	if s.tree[old.path()] == s.tree[new.path()] && old.path() == new.path() {
		return s
	}
	next := *s
	next.tree = maps.Clone(s.tree)
	delete(next.tree, old.path())
	next.tree[new.path()] = s.tree[old.path()]
	next.sweep()
	return &next
}

// takes reports whether a pin may be moved to p: onto a free name or another pin.
func (t tree) takes(p place) bool {
	serial, exists := t[p.path()]
	if exists {
		return serial != 0
	}
	return p.inside && t.free(p) == abi.OK
}
