package kernel

import (
	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
	"github.com/bpfsim/bpfsim/proptest/program"
	"github.com/bpfsim/bpfsim/syscall"
)

// interrupted is the process as it calls a dump on t, with during called before each call of the loop. bpfsys
// asks for signals before each search of a next key; that a copy of a value begins is seen from the steps it makes.
func (k *Sim) interrupted(t *maps.Task, c program.Call, during func(call int)) *bpfsys.Process {
	offset := abi.DumpMapFD
	if c.Cmd == abi.MapDumpJuly {
		offset = abi.JulyMapFD
	}
	w := &dumpWatch{during: during, array: k.files.isArray(int32(k.arena.Field(c, offset, 4)))}
	t.Scheduler = w
	proc := *k.proc
	proc.Interrupted = w.next
	return &proc
}

// dumpWatch is the scheduler of a task inside a dump. It runs nothing but during, at the boundaries of the loop's
// calls: no lock is held there.
type dumpWatch struct {
	during func(call int)
	made   int  // calls of the loop so far
	keyed  bool // the next key is found and its value not yet looked for
	array  bool // the walk makes no steps of its own
}

// next is called before a search for the next key.
func (w *dumpWatch) next() bool {
	w.during(w.made)
	w.made++
	w.keyed = w.array
	return false
}

// Step looks for the start of a lookup: the first search for an element after a key's words were copied.
func (w *dumpWatch) Step(_ *maps.Task, at maps.Point) {
	switch at {
	case maps.PointWord:
		w.keyed = true
	case maps.PointFind:
		w.lookup()
	}
}

// Lock looks for it, too: under BPF_F_LOCK a lookup begins with the lock of its value. It need not wait, as nobody else runs.
func (w *dumpWatch) Lock(*maps.Task, *maps.Lock) { w.lookup() }

// Touch is nothing that it waits for.
func (w *dumpWatch) Touch(*maps.Task, maps.Access) {}

// lookup is called where a lookup may begin.
func (w *dumpWatch) lookup() {
	if w.keyed && w.made%2 == 1 {
		w.during(w.made)
		w.made++
	}
}

// isArray reports whether fd is a map of an array type.
func (t *fdTable) isArray(fd int32) bool {
	file, _ := t.Get(fd)
	if file == nil || file.Map() == nil {
		return false
	}
	switch file.Map().Spec().Type {
	case abi.Array, abi.PerCPUArray, abi.ArrayOfMaps:
		return true
	}
	return false
}
