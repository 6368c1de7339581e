package replay

import (
	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/program"
	"github.com/bpfsim/bpfsim/recording"
)

// store is an update in the place of a store through a mapping: what is read afterwards is the same.
func (s *settler) store(e recording.Event) []program.Step {
	store, err := recording.ParseStore(e)
	fd := s.writable(store.Map)
	const at = program.ExtraBase
	if err != nil || fd == 0 || len(store.Value)+program.PageSize > s.machine.Memory {
		return nil
	}
	attr := program.Attr{Bytes: make([]byte, abi.ElemFlags+8)}
	attr.Set(abi.ElemMapFD, 4, uint64(fd))
	attr.Set(abi.ElemKey, 8, program.Base+64)
	attr.Set(abi.ElemValue, 8, at)
	key := make([]byte, 4)
	program.PutWord(key, uint64(store.Index))
	return []program.Step{{Action: &program.Call{
		Cmd: abi.MapUpdateElem, Attr: program.Base, Size: uint32(len(attr.Bytes)), Contents: attr.Bytes,
		Memory: []program.Write{{Addr: program.Base + 64, Bytes: key}, {Addr: at, Bytes: store.Value}},
	}}}
}
