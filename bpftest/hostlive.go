package bpftest

import (
	"fmt"
	"slices"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/syscall"
)

// liveObject is something that has not been closed.
type liveObject struct {
	Text  string
	Stack []uintptr // where it was made, nil where nobody knows
	Array memoryFile
}

// memoryFile is the file whose contents are the elements of a map that programs can map: its inode number, and the fd of it that the kernel's own process
// has. Its zero value is that of other maps.
type memoryFile struct {
	Inode uint64
	FD    int
}

// arrayOf is the file of a mappable array. A ring buffer's reader unmaps it as it is closed, and is no array here.
func arrayOf(m *bpfsys.Map) memoryFile {
	b, ok := m.Backing().(interface{ File() (inode uint64, fd int) })
	if !ok || m.Spec().Type != abi.Array && m.Spec().Type != abi.Arena {
		return memoryFile{}
	}
	inode, fd := b.File()
	return memoryFile{inode, fd}
}

// live is what has not been closed, without the kernel's own BTF.
func (m *machine) live() (objects []liveObject) {
	add := func(o numbered, format string, args ...any) {
		objects = append(objects, liveObject{Text: fmt.Sprintf(format, args...), Stack: m.calls.madeAt(keyOf(o))})
	}
	for _, i := range m.kernel.Iters() {
		add(i, "iterator%s", ofProgram(i.Program()))
	}
	for _, l := range m.kernel.Links() {
		add(l, "link (%s%s, id %d)", l.Type(), ofProgram(l.Program()), l.ID())
	}
	objects = append(objects, m.liveEvents()...)
	for _, o := range m.kernel.Maps() {
		add(o, "map %q (%s, id %d)", o.Name(), o.Spec().Type, o.ID())
		objects[len(objects)-1].Array = arrayOf(o)
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

// liveEvents are the perf events that no link has, which goes with its own. Those of the CPUs that one line opened are one.
func (m *machine) liveEvents() (objects []liveObject) {
	var linked []*bpfsys.PerfEvent
	for _, l := range m.kernel.Links() {
		linked = append(linked, l.PerfEvent())
	}
	var times []int // of each object
	for _, e := range m.kernel.OpenPerfEvents() {
		if slices.Contains(linked, e) {
			continue
		}
		o := liveObject{Text: eventName(e), Stack: m.calls.madeAt(keyOfEvent(e))}
		at := slices.IndexFunc(objects, func(other liveObject) bool { return other.Text == o.Text && slices.Equal(other.Stack, o.Stack) })
		if at < 0 {
			objects, times = append(objects, o), append(times, 1)
			continue
		}
		times[at]++
	}
	for i, n := range times {
		text := fmt.Sprintf("perf event (%s)", objects[i].Text)
		if n > 1 {
			text = fmt.Sprintf("perf event (%s, %d times)", objects[i].Text, n)
		}
		objects[i].Text = text
	}
	return objects
}

// eventName is where a program is attached to the event, or what else it is for.
func eventName(e *bpfsys.PerfEvent) string {
	if e.Type() == abi.PerfSoftware && e.Config() == abi.PerfBPFOutput {
		return "the buffer of a PERF_EVENT_ARRAY"
	}
	return eventPlace(e)
}
