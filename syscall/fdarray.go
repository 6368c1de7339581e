package bpfsys

import (
	"encoding/binary"

	"github.com/bpfsim/bpfsim/abi"
)

// setFD puts the perf event whose fd is the value into a PERF_EVENT_ARRAY (perf_event_fd_array_get_ptr in
// kernel/bpf/arraymap.c). An event that is inherited cannot be read there. A file of the host's may be an event, too, which
// Linux would put in.
func (c *call) setFD(m *Map, key, value []byte, flags uint64) abi.Errno {
	if !m.tryHold() { // closed meanwhile: what is put in now would never be given back
		return abi.EBADF
	}
	defer m.Release()
	if errno := m.holder.Admit(key, flags); errno != abi.OK {
		return errno
	}
	fd := int32(binary.NativeEndian.Uint32(value))
	event, errno := c.perfEvent(fd)
	switch {
	case errno != abi.OK:
		if file, open := c.proc.Files.Get(fd); open && file == nil {
			return c.refuse(Refusal{Cmd: abi.MapUpdateElem, What: "the host's perf events", Errno: errno})
		}
		return errno
	case event.attr.has(abi.PerfBitInherit):
		event.Release()
		return abi.EOPNOTSUPP
	}
	m.holder.Put(key, event, c.used)
	return abi.OK
}
