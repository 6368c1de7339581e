package bpftest

import (
	"fmt"

	"github.com/bpfsim/bpfsim/syscall"
)

// liveObject is something that has not been closed.
type liveObject struct {
	Text  string
	Stack []uintptr // where it was made, nil where nobody knows
}

// live is what has not been closed, without the kernel's own BTF.
func (m *machine) live() (objects []liveObject) {
	add := func(o numbered, format string, args ...any) {
		objects = append(objects, liveObject{fmt.Sprintf(format, args...), m.calls.madeAt(o)})
	}
	for _, l := range m.kernel.Links() {
		add(l, "link (%s%s, id %d)", l.Type(), ofProgram(l.Program()), l.ID())
	}
	for _, o := range m.kernel.Maps() {
		add(o, "map %q (%s, id %d)", o.Name(), o.Spec().Type, o.ID())
	}
	for _, o := range m.kernel.Programs() {
		add(o, "program %q (id %d)", o.Name(), o.ID())
	}
	if len(objects) > 0 {
		return objects // BTF goes with them
	}
	for _, o := range m.kernel.BTFs() {
		if !o.OwnOfKernel() {
			add(o, "BTF (id %d)", o.ID())
		}
	}
	return objects
}

func ofProgram(p *bpfsys.Program) string {
	if p == nil {
		return ""
	}
	return fmt.Sprintf(" of program %q", p.Name())
}
