package bpftest

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/btf"
	"github.com/bpfsim/bpfsim/maps"
	"github.com/bpfsim/bpfsim/syscall"
)

// global is a variable and the map that it is in.
type global struct {
	on      *bpfsys.Map
	at      btf.Variable
	section string
}

// variable answers a request about a global variable.
func (m *machine) variable(q request) reply {
	g, problem := m.findGlobal(q.Map)
	if problem == "" {
		g.on, problem = m.hold(g.on)
	}
	if problem != "" {
		return reply{Problem: problem}
	}
	defer g.on.Release()
	live, found := bpfsys.Helpers{Task: &maps.Task{}}.Lookup(g.on.Elements(), make([]byte, g.on.Spec().KeySize))
	switch {
	case !found:
		return reply{Problem: fmt.Sprintf("the map of %s has no memory of its own", g.section)}
	case q.Op == opGet:
		return reply{Value: g.read(live)}
	case q.Op == opSet && uint32(len(q.Value)) != g.at.Size:
		return reply{Problem: fmt.Sprintf("variable %q has another size now than when it was found: find it again", q.Map)}
	case q.Op == opSet && g.on.Spec().Flags&abi.FlagReadOnlyProg != 0:
		return reply{Errno: abi.EACCES}
	case q.Op == opSet:
		m.setAlone(g, live, q.Value)
	}
	return reply{N: uint64(g.at.Size), Names: []string{g.section}}
}

// findGlobal finds the variable with a name, as long as there is one only.
func (m *machine) findGlobal(name string) (found global, problem string) {
	var names []string
	for _, candidate := range m.kernel.Maps() {
		all, section := candidate.Variables()
		for _, v := range all {
			names = append(names, fmt.Sprintf("%q", v.Name))
			switch {
			case v.Name != name:
			case found.on != nil:
				return global{}, fmt.Sprintf("two variables are named %q, in the maps with the ids %d and %d: one object at a time can be loaded that has it",
					name, found.on.ID(), candidate.ID())
			default:
				found = global{candidate, v, section}
			}
		}
	}
	if found.on == nil {
		return global{}, fmt.Sprintf("no variable is named %q; the sections that are loaded with BTF have: %s", name, listed(names))
	}
	return found, ""
}

const wordBytes = 8

// words are the first word of the variable and the one behind its last.
func (g global) words() (from, to int) {
	return int(g.at.Offset) / wordBytes, int(g.at.Offset+g.at.Size+wordBytes-1) / wordBytes
}

func (g global) read(live maps.Live) []byte {
	var task maps.Task
	var all []byte
	from, to := g.words()
	for w := from; w < to; w++ {
		all = binary.LittleEndian.AppendUint64(all, live.Load(&task, w))
	}
	return slices.Clone(all[g.at.Offset%wordBytes:][:g.at.Size])
}

// all is the element that the variable is in.
func (g global) all(live maps.Live) []byte {
	var task maps.Task
	size := int(g.on.Spec().ValueSize)
	all := make([]byte, 0, size+wordBytes)
	for w := 0; len(all) < size; w++ {
		all = binary.LittleEndian.AppendUint64(all, live.Load(&task, w))
	}
	return all[:size]
}

// write leaves the other variables in the same words alone, which their owners may write meanwhile: what changes is added.
func (g global) write(live maps.Live, value []byte) {
	var task maps.Task
	from, to := g.words()
	all := make([]byte, wordBytes*(to-from))
	mask := make([]byte, len(all))
	for i, b := range value {
		all[int(g.at.Offset)%wordBytes+i], mask[int(g.at.Offset)%wordBytes+i] = b, 0xff
	}
	for w := from; w < to; w++ {
		next, ours := binary.LittleEndian.Uint64(all[wordBytes*(w-from):]), binary.LittleEndian.Uint64(mask[wordBytes*(w-from):])
		if ours == 1<<64-1 {
			live.Store(&task, w, next)
			continue
		}
		live.Add(&task, w, next-live.Load(&task, w)&ours)
	}
}
