package bpfsys

import (
	"encoding/binary"
	"math"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
)

// refer puts what the value refers to into m: a device by its number, everything else by an fd.
func (c *call) refer(m *Map, key, value []byte, flags uint64) abi.Errno {
	if !m.tryHold() { // closed meanwhile: what is put in now would never be given back
		return abi.EBADF
	}
	defer m.Release()
	f := &finder{*c}
	find := f.findSocket
	switch m.Spec().Type {
	case abi.DevMap, abi.DevMapHash:
		find = (&xdpFinder{*f, m, abi.AttachXDPDevMap}).device
	case abi.CPUMap:
		find = (&xdpFinder{*f, m, abi.AttachXDPCPUMap}).queue
	case abi.CgroupArray:
		find = f.findCgroup
	case abi.ProgArray:
		find = (&programFinder{*f, m}).find
	case abi.XSKMap:
		find = f.findXSK
	case abi.ReusePortSockArray:
		find = f.findReusePort
	}
	errno := m.referring.Refer(c.task, key, value, flags, find)
	m.clearUnused() // closed meanwhile
	return errno
}

// finder is a call that looks for what values refer to. It is a copy, so that calls which look for nothing stay on the stack.
type finder struct{ call }

// cgroupRef is a cgroup in a map. Its files are never asked again.
type cgroupRef uint64

func (cgroupRef) Show([]byte)                  {}
func (cgroupRef) Gone() bool                   { return false }
func (cgroupRef) Attach(abi.MapType) abi.Errno { return abi.OK }
func (cgroupRef) Detach(abi.MapType)           {}

func (c *finder) findCgroup(value []byte) (maps.Referent, abi.Errno) {
	id, errno := c.proc.host().Cgroup(int32(binary.NativeEndian.Uint32(value)))
	return cgroupRef(id), errno
}

// deviceRef is a network device in a map, and the program that runs for what is sent there.
type deviceRef struct {
	index   uint32
	program *Program // with a reference, nil for none
	gone    func() bool
}

// Show writes the device's number and, where there is room, the program's id.
func (d deviceRef) Show(value []byte) {
	binary.NativeEndian.PutUint32(value, d.index)
	if len(value) == 8 {
		id := uint32(0)
		if d.program != nil {
			id = d.program.ID()
		}
		binary.NativeEndian.PutUint32(value[4:], id)
	}
}

// Gone asks the machine.
func (d deviceRef) Gone() bool { return d.gone() }

// Attach does not object.
func (d deviceRef) Attach(abi.MapType) abi.Errno { return abi.OK }

// Detach gives the program back.
func (d deviceRef) Detach(abi.MapType) {
	if d.program != nil {
		d.program.Release()
	}
}

// queueRef is a queue to a CPU in a map, and the program that runs at its end.
type queueRef struct {
	size    uint32   // packets
	program *Program // with a reference, nil for none
}

// Show writes the size and, where there is room, the program's id.
func (q queueRef) Show(value []byte) { deviceRef{index: q.size, program: q.program}.Show(value) }

// Gone is false.
func (q queueRef) Gone() bool { return false }

// Attach does not object.
func (q queueRef) Attach(abi.MapType) abi.Errno { return abi.OK }

// Detach gives the program back.
func (q queueRef) Detach(abi.MapType) {
	if q.program != nil {
		q.program.Release()
	}
}

// xdpFinder looks for devices and queues, with programs that were loaded for that and fit into m.
type xdpFinder struct {
	finder
	m  *Map
	at abi.AttachType
}

// queue finds whatever is wrong with a program only when it makes the queue (__cpu_map_entry_alloc).
func (c *xdpFinder) queue(value []byte) (maps.Referent, abi.Errno) {
	q := queueRef{size: binary.NativeEndian.Uint32(value)}
	if fd := programFD(value); fd > 0 {
		if q.program = c.program(fd); q.program == nil {
			return nil, abi.ENOMEM
		}
	}
	return q, abi.OK
}

// programFD is the fd of a program in a value, if there is room for one.
func programFD(value []byte) int32 {
	if len(value) < 8 {
		return 0
	}
	return int32(binary.NativeEndian.Uint32(value[4:]))
}

func (c *xdpFinder) device(value []byte) (maps.Referent, abi.Errno) {
	index := binary.NativeEndian.Uint32(value)
	if index > math.MaxInt32 || !c.proc.host().Device(index) {
		return nil, abi.EINVAL
	}
	d := deviceRef{index: index, gone: c.proc.host().DeviceGone(index)}
	if fd := programFD(value); fd > 0 {
		if d.program = c.program(fd); d.program == nil {
			return nil, abi.EINVAL
		}
	}
	return d, abi.OK
}

// program is the program behind fd with a reference, nil when it is none that the map may have.
func (c *xdpFinder) program(fd int32) *Program {
	file, errno := c.file(fd, abi.EBADF)
	if errno != abi.OK {
		return nil
	}
	defer c.leave(file)
	p, ok := file.Object().(*Program)
	if !ok || p.Type() != abi.ProgXDP || p.AttachType() != c.at || !c.m.fits(p) || !p.tryHold() {
		return nil
	}
	return p
}
