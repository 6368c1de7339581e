package model

import (
	"maps"
	"slices"

	"github.com/bpfsim/bpfsim/abi"
)

// State is one state that the kernel may be in. It is never modified: each event gives new states, which share what
// did not change.
type State struct {
	config  Config
	files   map[int32]file
	objects []*object // live maps in the order of their creation
	created int       // maps created so far
	tree    tree
	dump    *nested // nil unless in the middle of a dump
}

// access is what an fd may be used for.
type access struct{ read, write bool }

// file is what an fd refers to: a map, or nothing of bpf's when serial is 0.
type file struct {
	serial int
	access access
}

// New is a machine without maps and without open fds.
func New(c Config) *State {
	if c.BPFFS == "" {
		c.BPFFS = "/sys/fs/bpf"
	}
	return &State{config: c, files: map[int32]file{}, tree: tree{}}
}

// Close closes fd, as close(2); an fd that is not open changes nothing.
func (s *State) Close(fd int32) *State {
	next := *s
	next.files = maps.Clone(s.files)
	delete(next.files, fd)
	next.sweep()
	return &next
}

// Dup2 makes to refer to what from refers to, as dup2(2); from must be open.
func (s *State) Dup2(from, to int32) *State {
	next := *s
	next.files = maps.Clone(s.files)
	next.files[to] = s.files[from]
	next.sweep()
	return &next
}

// OpenForeign tells that fd is open now and is no bpf object.
func (s *State) OpenForeign(fd int32) *State {
	next := *s
	next.install(fd, file{})
	next.sweep()
	return &next
}

// Open reports whether fd is open.
func (s *State) Open(fd int32) bool {
	_, open := s.files[fd]
	return open
}

// MapType is the type of the map behind fd, abi.Unspec where there is none.
func (s *State) MapType(fd int32) abi.MapType {
	f := s.files[fd]
	if f.serial == 0 {
		return abi.Unspec
	}
	return s.object(f.serial).kind
}

// install opens fd. Only for a state that nobody else has yet.
func (s *State) install(fd int32, f file) {
	s.files = maps.Clone(s.files)
	s.files[fd] = f
}

// add makes o the newest map. Only for a state that nobody else has yet.
func (s *State) add(o *object) {
	s.created++
	o.serial = s.created
	s.objects = append(slices.Clone(s.objects), o)
}

// object is the live map with that serial number.
func (s *State) object(serial int) *object {
	for _, o := range s.objects {
		if o.serial == serial {
			return o
		}
	}
	panic("model: a file without its map")
}

// edit makes the map with that serial number this state's own. Only for a state that nobody else has yet.
func (s *State) edit(serial int) *object {
	s.objects = slices.Clone(s.objects)
	for i, o := range s.objects {
		if o.serial == serial {
			s.objects[i] = o.clone()
			return s.objects[i]
		}
	}
	panic("model: a file without its map")
}

// sweep frees the maps that neither an fd nor a pin holds (bpf_map_put in kernel/bpf/syscall.c): their ids are free at
// once. Only for a state that nobody else has yet.
func (s *State) sweep() {
	held := map[int]bool{}
	for _, f := range s.files {
		held[f.serial] = true
	}
	for _, serial := range s.tree {
		held[serial] = true
	}
	if s.dump != nil && s.dump.dumping.o != nil { // a call holds the file that it was given
		held[s.dump.dumping.o.serial] = true
	}
	s.objects = slices.DeleteFunc(slices.Clone(s.objects), func(o *object) bool { return !held[o.serial] })
}
