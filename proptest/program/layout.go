package program

import (
	"slices"

	"github.com/bpfsim/bpfsim/abi"
)

// Layout is the attr of a command.
type Layout struct {
	Fields []abi.Field
	End    int       // of the last field, in bytes
	MapFD  abi.Field // of the map that it names; none has no size

	known  bool        // programs may make the call
	whole  int         // bytes of attr in which all fields are whole
	beyond []abi.Field // those that reach beyond attr: pointers and fds
}

// ownCmds is the number of the project's own commands, from abi.MapDump on.
const ownCmds = 3

// perfCalls is the number of calls that are no commands of bpf(2), from abi.PerfEventOpen on.
const perfCalls = 2

// layouts are those of Linux's commands and, behind them, of the project's own and of other calls. The last one is empty.
var layouts = func() (all [abi.NumLinuxCmds + ownCmds + perfCalls + 1]Layout) {
	for c := range abi.NumLinuxCmds {
		all[c] = newLayout(c)
	}
	for i := range abi.Cmd(ownCmds) {
		all[abi.NumLinuxCmds+i] = newLayout(abi.MapDump + i)
	}
	for i := range abi.Cmd(perfCalls) {
		all[abi.NumLinuxCmds+ownCmds+i] = newLayout(abi.PerfEventOpen + i)
	}
	return all
}()

func newLayout(c abi.Cmd) Layout {
	l := Layout{Fields: abi.Fields(c)}
	l.End = abi.FieldsEnd(c)
	_, l.known = abi.AttrEnd(c)
	l.known = l.known || onBTF(c) || onPrograms(c) || OnEvents(c) || c == abi.TokenCreate || c == abi.ProgStreamReadByFD
	for _, f := range l.Fields {
		l.whole = max(l.whole, f.End())
		if l.known && (f.Name == "map_fd" || f.Name == "bpf_fd") {
			l.MapFD = f
		}
	}
	l.beyond = slices.DeleteFunc(slices.Clone(l.Fields), func(f abi.Field) bool {
		return !f.Kind.Address() && f.Kind != abi.FD
	})
	return l
}

// LayoutOf is c's layout, an empty one for a number that is no command.
func LayoutOf(c abi.Cmd) *Layout {
	switch {
	case c < abi.NumLinuxCmds:
		return &layouts[c]
	case c >= abi.MapDump && c < abi.MapDump+ownCmds:
		return &layouts[abi.NumLinuxCmds+c-abi.MapDump]
	case OnEvents(c):
		return &layouts[abi.NumLinuxCmds+ownCmds+c-abi.PerfEventOpen]
	}
	return &layouts[len(layouts)-1]
}

// onBTF reports whether c is about BTF alone.
func onBTF(c abi.Cmd) bool {
	return c == abi.BTFLoad || c == abi.BTFGetFDByID || c == abi.BTFGetNextID
}

// onPrograms reports whether c is about programs and links.
func onPrograms(c abi.Cmd) bool {
	switch c {
	case abi.ProgLoad, abi.ProgGetFDByID, abi.ProgGetNextID, abi.ProgBindMap, abi.ProgAttach, abi.ProgDetach, abi.ProgQuery,
		abi.LinkCreate, abi.LinkUpdate, abi.LinkDetach, abi.LinkGetFDByID, abi.LinkGetNextID, abi.RawTracepointOpen,
		abi.IterCreate:
		return true
	}
	return false
}

// OnEvents reports whether c is no command of bpf(2), but a call about perf events.
func OnEvents(c abi.Cmd) bool { return c >= abi.PerfEventOpen && c < abi.PerfEventOpen+perfCalls }

// MakesFD reports whether c returns an fd.
func MakesFD(c abi.Cmd) bool {
	switch c {
	case abi.MapCreate, abi.ObjGet, abi.MapGetFDByID, abi.BTFLoad, abi.BTFGetFDByID, abi.ProgLoad, abi.ProgGetFDByID,
		abi.LinkCreate, abi.LinkGetFDByID, abi.RawTracepointOpen, abi.IterCreate, abi.PerfEventOpen:
		return true
	}
	return false
}
