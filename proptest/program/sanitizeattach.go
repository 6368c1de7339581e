package program

import (
	"slices"

	"github.com/bpfsim/bpfsim/abi"
)

// cgroupPlaces are the attach types at which programs may be attached: to a cgroup, where none of them ever runs. Elsewhere they would
// be attached to something of the machine's.
var cgroupPlaces = []abi.AttachType{
	abi.AttachCgroupInetIngress, abi.AttachCgroupInetEgress, abi.AttachCgroupInetSockCreate, abi.AttachCgroupInetSockRelease,
	abi.AttachCgroupSockOps, abi.AttachCgroupDevice, abi.AttachCgroupInet4Bind, abi.AttachCgroupInet6Bind, abi.AttachCgroupInet4Connect,
	abi.AttachCgroupSysctl, abi.AttachCgroupGetsockopt, abi.AttachCgroupSetsockopt, abi.AttachCgroupInet4PostBind,
	abi.AttachCgroupInet6PostBind,
}

// netPlaces are those at the network of the program's own.
var netPlaces = []abi.AttachType{
	abi.AttachXDP, abi.AttachTCXIngress, abi.AttachTCXEgress, abi.AttachFlowDissector, abi.AttachSKLookup, abi.AttachNetfilter,
}

// NetPlace reports whether programs are attached to the network at an attach type.
func NetPlace(at abi.AttachType) bool { return slices.Contains(netPlaces, at) }

// link leaves a program to what is its own: what is beside the place differs from kind to kind.
func (t *sanitizer) link() {
	switch abi.AttachType(t.get(abi.LinkCreateAttachType, 4)) {
	case abi.AttachNetfilter:
		return
	case abi.AttachPerfEvent:
		return
	case abi.AttachTraceIter:
		t.iterated()
		return
	}
	t.relative(abi.LinkRelative)
	t.place(abi.LinkCreateAttachType)
}

// relative makes an fd at an offset of attr, if it is one, one of the program's.
func (t *sanitizer) relative(offset int) {
	if n := int32(t.get(offset, 4)); !programFD(n) {
		t.set(offset, 4, uint64(FirstFD)+uint64(n)%uint64(NumFDs))
	}
}

// place makes an attach type at an offset of attr one at a cgroup or the network, or none.
func (t *sanitizer) place(offset int) {
	if at := abi.AttachType(t.get(offset, 4)); at < abi.NumAttachTypes && !slices.Contains(cgroupPlaces, at) && !NetPlace(at) {
		t.set(offset, 4, uint64(abi.NumAttachTypes+at))
	}
}

// queryLists asks for no list that lies over attr or another list, or that only begins in memory.
func (t *sanitizer) queryLists() {
	const count, most = 24, 64
	if n := t.get(count, 4); NetPlace(abi.AttachType(t.get(4, 4))) && n > most { // Linux takes memory for all
		t.set(count, 4, most)
	}
	var taken []span
	for _, offset := range []int{16, 32} {
		list := span{t.get(offset, 8), 4 * min(t.get(count, 4), most)}
		if t.spoils(list, taken) {
			t.set(offset, 8, 0)
			continue
		}
		taken = append(taken, list)
	}
	for _, offset := range []int{40, 48} { // lists of links are there as a whole, or not asked for
		list := span{t.get(offset, 8), 4 * min(t.get(count, 4), most)}
		if list.at == 0 || len(t.arena.Span(list.at, int(list.size), ToWrite)) < int(list.size) || t.spoils(list, taken) {
			t.set(offset, 8, 0)
			continue
		}
		taken = append(taken, list)
	}
}
