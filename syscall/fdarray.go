package bpfsys

import (
	"encoding/binary"

	"github.com/bpfsim/bpfsim/abi"
)

// setFD answers an update of a PERF_EVENT_ARRAY: no fd that is simulated is a perf event. A file of the host's may be one,
// which Linux would put in.
func (c *call) setFD(m *Map, key, value []byte, flags uint64) abi.Errno {
	if errno := m.holder.Admit(key, flags); errno != abi.OK {
		return errno
	}
	file, open := c.proc.Files.Get(int32(binary.NativeEndian.Uint32(value)))
	if open && file == nil {
		return c.refuse(Refusal{Cmd: abi.MapUpdateElem, What: "perf events", Errno: abi.EBADF})
	}
	return abi.EBADF
}
