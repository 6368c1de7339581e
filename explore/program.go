package explore

import (
	"encoding/binary"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
)

// program is a BPF program at work: it reaches the map through helpers, which know no fds and no user memory.
type program struct {
	task     *maps.Task
	elements maps.Map
	shape    Shape
	size     int // of what it writes in bytes: of a per-CPU type's values, its CPU's part
}

func (p program) do(op Op, number uint64) (value []byte, errno abi.Errno) {
	switch op.Verb {
	case "update", "insert", "write":
		value = numbered(number, p.size)
	}
	return value, p.with(op, value)
}

// with does op with the value that it writes, if it writes one.
func (p program) with(op Op, value []byte) abi.Errno {
	key := p.shape.keyOf(op.Key)
	switch op.Verb {
	case "update":
		return p.update(key, value, abi.Any)
	case "insert":
		return p.update(key, value, abi.NoExist)
	case "delete":
		deleter, ok := p.elements.(maps.Deleter)
		if !ok {
			return abi.EINVAL
		}
		return deleter.Delete(p.task, key)
	}
	live, ok := p.elements.(maps.LiveLookuper).LookupLive(p.task, key)
	if !ok {
		return abi.ENOENT
	}
	p.write(live, value)
	return abi.OK
}

func (p program) update(key, value []byte, flags uint64) abi.Errno {
	if parts, perCPU := p.elements.(maps.PartUpdater); perCPU {
		return parts.UpdatePart(p.task, key, value, flags)
	}
	return p.elements.(maps.Updater).Update(p.task, key, value, flags)
}

// write changes the words of the live value one by one, through the pointer that the lookup gave: others may run in
// between, and the element may be gone or belong to another key by then.
func (p program) write(live maps.Live, value []byte) {
	for word := range (len(value) + 7) / 8 {
		var bytes [8]byte
		copy(bytes[:], value[8*word:])
		live.Store(p.task, word, binary.LittleEndian.Uint64(bytes[:]))
	}
}
