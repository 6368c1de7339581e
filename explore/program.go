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
}

func (p program) do(op Op, number uint64) (value []byte, errno abi.Errno) {
	key := keyOf(op.Key)
	switch op.Verb {
	case "update", "insert":
		value = p.shape.valueOf(number)
		flags := abi.Any
		if op.Verb == "insert" {
			flags = abi.NoExist
		}
		return value, p.elements.(maps.Updater).Update(p.task, key, value, flags)
	case "delete":
		deleter, ok := p.elements.(maps.Deleter)
		if !ok {
			return nil, abi.EINVAL
		}
		return nil, deleter.Delete(p.task, key)
	case "write":
		return p.write(key, p.shape.valueOf(number))
	}
	if _, ok := p.elements.(maps.LiveLookuper).LookupLive(p.task, key); !ok {
		return nil, abi.ENOENT
	}
	return nil, abi.OK
}

// write changes the words of the live value one by one, through the pointer that the lookup gave: others may run in
// between, and the element may be gone or belong to another key by then.
func (p program) write(key, value []byte) ([]byte, abi.Errno) {
	live, ok := p.elements.(maps.LiveLookuper).LookupLive(p.task, key)
	if !ok {
		return nil, abi.ENOENT
	}
	for word := range len(value) / 8 {
		live.Store(p.task, word, binary.LittleEndian.Uint64(value[8*word:]))
	}
	return value, abi.OK
}
