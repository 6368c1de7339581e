package model

import (
	"slices"

	"github.com/bpfsim/bpfsim/abi"
)

// State is one state that the kernel may be in. It is never modified: each event gives new states, which share what
// did not change.
type State struct {
	config  Config
	files   files
	objects []*object // live maps in the order of their creation
	created int       // maps created so far
	sockets int       // made so far
	evicted int       // elements that updates pushed out so far
	tree    tree
	points  points // where programs are attached
	// attached are the serials of perf events in the order in which they got a program; some are gone.
	attached []int
	dump     *nested   // nil unless in the middle of a dump
	takes    []element // what the call in progress is taken to remove where nothing tells (untold.go)

	owner  *owner // of what this state alone has, nil when it may share everything
	listed *owner // of the array behind objects
}

// owner tells what a state may change, because no other state has it, from what must be copied.
type owner struct{ _ byte }

// access is what an fd may be used for.
type access struct{ read, write bool }

// New is a machine without maps and without open fds.
func New(c Config) *State {
	if c.BPFFS == "" {
		c.BPFFS = "/sys/fs/bpf"
	}
	s := &State{config: c, tree: tree{}}
	if c.KernelTypes {
		s.add(&object{id: kernelTypes, btf: &btf{kernel: true}})
	}
	return s
}

// fork is s for somebody who changes it: nothing is its own yet.
func (s *State) fork() *State {
	own := *s
	own.owner, own.dump = new(owner), s.dump.fork()
	return &own
}

// Close closes fd, as close(2); an fd that is not open changes nothing.
func (s *State) Close(fd int32) *State {
	next := *s
	old, _ := s.files.get(fd)
	next.files = s.files.without(fd)
	next.closed(old.description)
	return &next
}

// Dup2 makes to refer to what from refers to, as dup2(2); from must be open.
func (s *State) Dup2(from, to int32) *State {
	next := *s
	f, _ := s.files.get(from)
	next.replace(to, f.description)
	return &next
}

// OpenForeign tells that the fds are open now and are no bpf objects.
func (s *State) OpenForeign(fds ...int32) *State {
	next := *s
	for _, fd := range fds {
		next.replace(fd, new(description))
	}
	return &next
}

// replace makes fd refer to d, and frees what only fd referred to. Only for a state that nobody else has yet.
func (s *State) replace(fd int32, d *description) {
	old, _ := s.files.get(fd)
	s.install(fd, d)
	s.closed(old.description)
}

// closed is what follows when an fd is closed, if that was the last one of a description. Only for a state that nobody else has yet.
func (s *State) closed(d *description) {
	if s.files.have(d) {
		return
	}
	emptied := s.leave(d)
	s.put(d.serial)
	s.lose(d.thing)
	if emptied {
		s.release()
	}
}

// Open reports whether fd is open.
func (s *State) Open(fd int32) bool {
	_, open := s.files.get(fd)
	return open
}

// MapType is the type of the map behind fd, abi.Unspec where there is none.
func (s *State) MapType(fd int32) abi.MapType {
	f, _ := s.files.get(fd)
	if f.serial == 0 {
		return abi.Unspec
	}
	return s.object(f.serial).kind
}

// install opens fd. Only for a state that nobody else has yet.
func (s *State) install(fd int32, d *description) {
	s.files = s.files.with(fd, d)
}

// add makes o the newest map. Only for a state that nobody else has yet.
func (s *State) add(o *object) {
	s.created++
	o.serial, o.owner = s.created, s.owner
	s.objects = append(slices.Clone(s.objects), o)
	s.listed = s.owner
}

// object is the live map with that serial number.
func (s *State) object(serial int) *object {
	return s.objects[s.position(serial)]
}

// position is where the live map with that serial number is in objects. Mostly it is among the newest.
func (s *State) position(serial int) int {
	for i, o := range slices.Backward(s.objects) {
		if o.serial == serial {
			return i
		}
	}
	panic("model: a file without its map")
}

// edit makes the map with that serial number this state's own. Only for a state that nobody else has yet.
func (s *State) edit(serial int) *object {
	i := s.position(serial)
	if o := s.objects[i]; s.owner != nil && o.owner == s.owner {
		return o
	}
	return s.take(i)
}

// take makes the i'th map this state's own.
func (s *State) take(i int) *object {
	if s.owner == nil || s.listed != s.owner {
		s.objects, s.listed = slices.Clone(s.objects), s.owner
	}
	s.objects[i] = s.objects[i].clone()
	s.objects[i].owner = s.owner
	return s.objects[i]
}

// alone is the object at a position, which no other state has from now on. Only for a state that nobody else has yet.
func (s *State) alone(at int) *object {
	s.objects, s.listed = slices.Clone(s.objects), s.owner
	s.objects[at] = s.objects[at].clone()
	s.objects[at].owner = nil
	return s.objects[at]
}

// put frees the object with that serial number once neither an fd nor a pin holds it (bpf_map_put in kernel/bpf/syscall.c): its
// id is free at once. Only for a state that nobody else has yet.
func (s *State) put(serial int) {
	if serial == 0 {
		return
	}
	emptied := s.emptyUnused(serial)
	if s.holds(serial) {
		if emptied {
			s.release()
		}
		return
	}
	freed := s.object(serial)
	if freed.link.is {
		s.unseat(freed)
	}
	s.objects = slices.DeleteFunc(slices.Clone(s.objects), func(o *object) bool { return o == freed })
	s.listed = s.owner
	if _, ok := freed.table.(outer); ok || len(freed.names()) > 0 {
		s.release()
	}
}

// emptyUnused empties a PROG_ARRAY that neither an fd nor a pin refers to (map_release_uref): the programs in it may be those that
// use it.
func (s *State) emptyUnused(serial int) (emptied bool) {
	at := s.position(serial)
	if s.objects[at].kind != abi.ProgArray || s.used(serial) {
		return false
	}
	s.alone(at).table.(*references).elements = nil
	return true
}

// used reports whether an fd or a pin refers to the object with that serial number.
func (s *State) used(serial int) bool {
	for _, f := range s.files {
		if f.serial == serial {
			return true
		}
	}
	for _, pinned := range s.tree {
		if pinned == serial {
			return true
		}
	}
	return false
}

// holds reports whether anything refers to the map with that serial number.
func (s *State) holds(serial int) bool {
	if s.object(serial).ofKernelTypes() || s.used(serial) || s.inside(serial) || s.seated(serial) {
		return true
	}
	return s.dump != nil && s.dump.dumping.o != nil && s.dump.dumping.o.serial == serial // a call holds the file that it was given
}
