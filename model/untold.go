package model

import "github.com/bpfsim/bpfsim/abi"

// A batch that takes elements out of a map whose seed, and so whose order, is unknown loses a bucket when a copy of it faults (measured),
// and nobody sees which elements these were, nor which came before. So the state branches: into one state for each set that may be gone.
// What is left must be as it was.

// mostUntold is how many elements a map may have at most for that; one with more is known no more.
const mostUntold = 5

// untoldBatch is shuffledBatch where memory does not tell what it did.
func (x *run) untoldBatch(o *object, h *hash, remove bool) abi.Errno {
	switch x.seen.Errno {
	case abi.OK, abi.ENOENT, abi.EFAULT:
	case abi.ENOSPC: // found before anything is copied
		x.loose = true
		return abi.OK
	default:
		return abi.EFAULT
	}
	x.loose = true
	switch {
	case remove && h.count > mostUntold:
		x.state.edit(o.serial).lost = true
	case remove:
		x.edit(o).(*hash).removeAll(x.state.takes)
		x.released(o)
	}
	x.state.takes = nil
	return abi.OK
}

// losses is s once for each set of elements, but the empty one, that untoldBatch may remove.
func (x *run) losses(s *State) (all []*State) {
	elements := x.on(s).untold()
	for set := 1; set < 1<<len(elements); set++ {
		branch := s.fork()
		for i, e := range elements {
			if set&(1<<i) != 0 {
				branch.takes = append(branch.takes, e)
			}
		}
		all = append(all, branch)
	}
	return all
}

// untold is the elements of the map that the call is about, if it gets to untoldBatch and they are few.
func (x *run) untold() (elements []element) {
	if x.readAttr() != abi.OK {
		return nil
	}
	o, errno := x.openFor(abi.BatchMapFD, true, true)
	if errno != abi.OK || x.loose {
		return nil
	}
	h, hashed := o.table.(*hash)
	if !hashed || h.order == nil || h.count > mostUntold || x.apart(x.outputs(o, min(x.u32(abi.BatchCount), h.count))) {
		return nil
	}
	for _, b := range h.buckets {
		elements = append(elements, b.elements...)
	}
	return elements
}
