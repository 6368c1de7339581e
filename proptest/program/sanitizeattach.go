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

// place makes an attach type at an offset of attr one at a cgroup, or none.
func (t *sanitizer) place(offset int) {
	if at := abi.AttachType(t.get(offset, 4)); at < abi.NumAttachTypes && !slices.Contains(cgroupPlaces, at) {
		t.set(offset, 4, uint64(abi.NumAttachTypes+at))
	}
}

// queryLists asks for no list that lies over attr or another list, or that only begins in memory.
func (t *sanitizer) queryLists() {
	const count, most = 24, 64
	var taken []span
	for _, offset := range []int{16, 32} {
		list := span{t.get(offset, 8), 4 * min(t.get(count, 4), most)}
		if t.spoils(list, taken) {
			t.set(offset, 8, 0)
			continue
		}
		taken = append(taken, list)
	}
}
