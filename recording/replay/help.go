package replay

import (
	"strings"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/program"
	"github.com/bpfsim/bpfsim/recording"
	"github.com/bpfsim/bpfsim/syscall"
)

// help does what a program did.
func (b *Bpfsim) help(e recording.Event) {
	h, err := recording.ParseHelp(e)
	m, ok := b.world.objects[h.Map].(*bpfsys.Map)
	if err == nil && ok {
		h.Do(m)
	}
}

// notHelped is of what programs did that no call does, such as to a value's part of one CPU, or to mark an element of an LRU map as used.
const notHelped = "in the place of programs that a test has played: no call does the same"

// help is a call in the place of a helper's: what is found afterwards is the same.
func (s *settler) help(e recording.Event) (steps []program.Step, why string) {
	h, err := recording.ParseHelp(e)
	sh := s.shapes[h.Map]
	fd := s.writable(h.Map)
	cmd, ok := helpers[h.Op]
	if err != nil || !ok || fd == 0 || !helpable(sh, h) || len(h.Value)+program.PageSize > s.machine.Memory {
		return nil, notHelped
	}
	attr := program.Attr{Bytes: make([]byte, abi.ElemFlags+8)}
	attr.Set(abi.ElemMapFD, 4, uint64(fd))
	call := &program.Call{Cmd: cmd, Attr: program.Base, Size: uint32(len(attr.Bytes)), Contents: attr.Bytes}
	if len(h.Key) > 0 {
		attr.Set(abi.ElemKey, 8, program.Base+64)
		call.Memory = append(call.Memory, program.Write{Addr: program.Base + 64, Bytes: h.Key})
	}
	if cmd != abi.MapDeleteElem {
		attr.Set(abi.ElemValue, 8, program.ExtraBase)
	}
	if cmd == abi.MapUpdateElem {
		attr.Set(abi.ElemFlags, 8, h.Flags)
		call.Memory = append(call.Memory, program.Write{Addr: program.ExtraBase, Bytes: h.Value})
	}
	return []program.Step{{CPU: h.CPU, Action: call}}, ""
}

// helpers are the calls that do what helpers do.
var helpers = map[string]abi.Cmd{recording.HelpUpdate: abi.MapUpdateElem, recording.HelpDelete: abi.MapDeleteElem, recording.HelpPush: abi.MapUpdateElem,
	recording.HelpPop: abi.MapLookupAndDeleteElem}

// helpable tells what a call does as well to a map of that shape.
func helpable(sh shape, h recording.Help) bool {
	fits := len(h.Key) == sh.key && (h.Op == recording.HelpDelete || len(h.Value) == sh.value)
	return fits && len(h.Key) <= program.PageSize/2 && !refers(sh.typ) && !outer(sh.typ) && program.ValueBytes(sh.typ, sh.value, 2) == sh.value
}

// writable is a fd of a map through which it may be changed, 0 for none.
func (s *settler) writable(object string) (fd int32) {
	for name, slot := range s.slots {
		if objectName(name) == object && !strings.HasSuffix(name, ":r") {
			fd = slot
		}
	}
	return fd
}

// popped is what a call in the place of a program's pop writes.
func popped(e recording.Event, c *program.Call) []program.Write {
	h, err := recording.ParseHelp(e)
	if err != nil || c.Cmd != abi.MapLookupAndDeleteElem {
		return nil
	}
	return []program.Write{{Addr: program.ExtraBase, Bytes: h.Value}}
}
