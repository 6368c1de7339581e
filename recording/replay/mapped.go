package replay

import (
	"encoding/binary"
	"sync/atomic"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/recording"
	"github.com/bpfsim/bpfsim/syscall"
)

// mapped is memory that programs had mapped when they were recorded.
type mapped struct {
	words []atomic.Uint64
	by    *Bpfsim
}

// Words are the memory.
func (m *mapped) Words() []atomic.Uint64 { return m.words }

// Freeze is refused where it was, since only the recorded machine knew whether something was mapped.
func (m *mapped) Freeze() abi.Errno {
	if c := m.by.current; c.Cmd == abi.MapFreeze && c.Errno == abi.EBUSY {
		return abi.EBUSY
	}
	return abi.OK
}

// Free does nothing.
func (m *mapped) Free() {}

// store stores what a program did.
func (b *Bpfsim) store(e recording.Event) {
	s, err := recording.ParseStore(e)
	array, ok := b.world.objects[s.Map].(*bpfsys.Map)
	if err != nil || !ok || array.Backing() == nil {
		return
	}
	words, stride := array.Backing().Words(), (len(s.Value)+7)/8
	value := append(s.Value, make([]byte, 8)...)
	for i := range stride {
		if at := s.Index*stride + i; at < len(words) {
			words[at].Store(binary.LittleEndian.Uint64(value[8*i:]))
		}
	}
}
