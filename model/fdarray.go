package model

import (
	"maps"

	"github.com/bpfsim/bpfsim/abi"
)

// fdArray is a PERF_EVENT_ARRAY map (kernel/bpf/arraymap.c), whose slots take fds of perf events.
type fdArray struct {
	max    uint32
	keeps  bool // what was put in stays when the file is closed through which that was done
	filled map[uint32]slot
}

// slot is a perf event, by serial, and the open file of the map through which it was put in.
type slot struct {
	event   int
	through *description
}

func newFDArray(s spec, _ int) table {
	return &fdArray{s.maxEntries, s.flags&abi.FlagPreserveElems != 0, map[uint32]slot{}}
}

func (t *fdArray) clone() table { return &fdArray{t.max, t.keeps, maps.Clone(t.filled)} }

func (t *fdArray) inner() (serials []int) {
	for _, s := range t.filled {
		serials = append(serials, s.event)
	}
	return serials
}

// lookup is no operation of user space, for no index (measured on 6.18).
func (t *fdArray) lookup([]byte) ([]byte, abi.Errno) { return nil, abi.ENOTSUPP }

// update is what user space can do without events: the state knows those (fill).
func (t *fdArray) update(int, []byte, []byte, uint64) abi.Errno { panic("model: fill does it") }

// fill is an update, which looks at flags, the index, and then the fd (measured on 6.18). An event that is inherited cannot be read
// (perf_event_read_local).
func (x *run) fill(t *fdArray, key, value []byte, flags uint64) abi.Errno {
	switch {
	case flags != abi.Any:
		return abi.EINVAL
	case u32(key) >= t.max:
		return abi.E2BIG
	}
	serial, errno := x.perfEvent(int32(u32(value)))
	switch {
	case errno != abi.OK:
		return errno
	case x.state.object(serial).event.has(abi.PerfBitInherit):
		return abi.EOPNOTSUPP
	}
	through, _ := x.state.files.get(int32(x.u32(abi.ElemMapFD)))
	t.filled[u32(key)] = slot{serial, through.description}
	return abi.OK
}

// leave empties the slots that were filled through a file which is closed now (perf_event_fd_array_release). Only for a state that
// nobody else has yet.
func (s *State) leave(d *description) (emptied bool) {
	if d.serial == 0 {
		return false
	}
	at := s.position(d.serial)
	if t, ok := s.objects[at].table.(*fdArray); !ok || t.keeps {
		return false
	}
	maps.DeleteFunc(s.alone(at).table.(*fdArray).filled, func(_ uint32, held slot) bool { return held.through == d })
	return true
}

// delete tells an index outside from an empty slot (measured on 6.18).
func (t *fdArray) delete(_ int, key []byte) abi.Errno {
	index := u32(key)
	if index >= t.max {
		return abi.E2BIG
	}
	if _, filled := t.filled[index]; !filled {
		return abi.ENOENT
	}
	delete(t.filled, index)
	return abi.OK
}

// next counts like an array (measured on 6.18).
func (t *fdArray) next(key, saw []byte) ([]byte, abi.Errno) {
	return (&array{max: t.max}).next(key, saw)
}

// checkPerfEventArray is fd_array_map_alloc_check in kernel/bpf/arraymap.c; this type alone knows PRESERVE_ELEMS.
func (s *spec) checkPerfEventArray(sysAdmin bool) abi.Errno {
	plain := *s
	plain.flags &^= abi.FlagPreserveElems
	return plain.checkArrayOfMaps(sysAdmin)
}
