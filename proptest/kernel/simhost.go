package kernel

import (
	"github.com/bpfsim/bpfsim/syscall"
)

// SimHost is what a simulated kernel has beside maps and programs: the network devices 1, lo, and 2, which runs XDP in its driver, in the one
// network namespace, whose inode has the number 1, and what programs open.
type SimHost struct{ bpfsys.SmallHost }

// Host is the host of the process of the program that runs, for those who want to have something else of it.
func (k *Sim) Host() SimHost { return SimHost{bpfsys.SmallHost{World: &k.files}} }

// Device knows both.
func (SimHost) Device(index uint32) bool { return index == 1 || index == 2 }

// NetNS is that of an fd of the network namespace.
func (h SimHost) NetNS(fd int32) uint64 {
	if h.World.(*fdTable).is(fd, "netns") {
		return h.OwnNetNS()
	}
	return 0
}

// OwnNetNS is the one.
func (SimHost) OwnNetNS() uint64 { return 1 }
