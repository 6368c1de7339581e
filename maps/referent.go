package maps

import "github.com/bpfsim/bpfsim/abi"

// Referent is what a value of some types refers to outside of maps: a network device, a socket, a cgroup.
type Referent interface {
	// Show writes what user space reads in its place.
	Show(value []byte)
	// Gone reports that it does not exist any more, upon which Linux takes it out of its maps.
	Gone() bool
	// Attach is told that a map holds it now, as often as one does, and may object; Detach that one does no longer.
	Attach(in abi.MapType) abi.Errno
	Detach(in abi.MapType)
}

// Finder finds what a value refers to. A map asks it when the kernel does, since what is wrong with an update before that
// is answered first.
type Finder func(value []byte) (Referent, abi.Errno)

// Referring is a map whose values refer to something.
type Referring interface {
	Refer(t *Task, key, value []byte, flags uint64, find Finder) abi.Errno
	// Close lets go of all that the map holds. Nothing may use it afterwards.
	Close()
}

// OneByOne is a map without commands on many elements, although it can be walked and read.
type OneByOne interface{ OneByOne() }

// oneByOne makes a map OneByOne.
type oneByOne struct{}

// OneByOne does nothing.
func (oneByOne) OneByOne() {}
