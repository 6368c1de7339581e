package kernel

import "github.com/bpfsim/bpfsim/syscall"

// SimHost is what a simulated kernel has beside maps and programs: the network device 1, lo, and where programs are loaded 2, which runs XDP
// in its driver, in the one network namespace, whose inode has the number 1, and what programs open.
type SimHost struct {
	bpfsys.SmallHost
	devices uint32
}

// Host is the host of the process of the program that runs, for those who want to have something else of it.
func (k *Sim) Host() SimHost {
	devices := uint32(1)
	if k.machine.HasHost() {
		devices = 2
	}
	return SimHost{SmallHost: bpfsys.SmallHost{World: &k.files}, devices: devices}
}

// Device knows those of the machine.
func (h SimHost) Device(index uint32) bool { return 1 <= index && index <= h.devices }

// NetNS is that of an fd of the network namespace.
func (h SimHost) NetNS(fd int32) uint64 {
	if h.World.(*fdTable).is(fd, "netns") {
		return h.OwnNetNS()
	}
	return 0
}

// OwnNetNS is the one.
func (SimHost) OwnNetNS() uint64 { return 1 }
