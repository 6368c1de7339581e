package bpfsys

import "strings"

// target is the function, tracepoint or iterator that a program is for.
type target struct {
	object uint32 // id of the BTF, or of the program, that typeID is of
	typeID uint32
	name   string // "" where no BTF tells it
	prog   *Program
}

// Beginnings of the names that BTF has for tracepoints and iterators.
const (
	tracepointPrefix = "btf_trace_"
	iterPrefix       = "bpf_iter_"
)

// aim is what the program was loaded for.
func (p *Program) aim() target {
	t := target{typeID: p.targetID, prog: p.target}
	types := p.targetBTF
	if p.target != nil {
		t.object, types = p.target.id, p.target.btf
	} else if types != nil {
		t.object = types.id
	}
	if types != nil {
		if of := types.types.Type(p.targetID); of != nil {
			t.name = strings.TrimPrefix(types.types.Name(of), tracepointPrefix)
		}
	}
	return t
}
