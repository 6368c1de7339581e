package recording

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
	"github.com/bpfsim/bpfsim/syscall"
)

// Help is what a BPF program, played by a test, has done to a map by a helper that succeeded.
type Help struct {
	Map   string
	Op    string // one of the constants below
	CPU   int
	Flags uint64
	Key   []byte
	Value []byte // of HelpPop, what was taken
}

// What helpers change. A lookup changes which elements an LRU map has as used.
const (
	HelpLookup = "lookup"
	HelpUpdate = "update"
	HelpDelete = "delete"
	HelpPush   = "push"
	HelpPop    = "pop"
)

// Event is the helper's event.
func (h Help) Event() Event {
	return Event{Helped, fmt.Sprintf("%s,%s,%d,%#x,%x,%x", h.Map, h.Op, h.CPU, h.Flags, h.Key, h.Value)}
}

// ParseHelp reads what an event says.
func ParseHelp(e Event) (h Help, err error) {
	parts := strings.Split(e.What, ",")
	if e.Verb != Helped || len(parts) != 6 {
		return h, fmt.Errorf("%s: want a map, what was done, a CPU, flags, a key and a value", e)
	}
	h.Map, h.Op = parts[0], parts[1]
	if h.CPU, err = strconv.Atoi(parts[2]); err != nil || h.CPU < 0 || h.CPU >= maxCPUs {
		return h, fmt.Errorf("%s: %q is no CPU", e, parts[2])
	}
	if h.Flags, err = strconv.ParseUint(parts[3], 0, 64); err != nil {
		return h, fmt.Errorf("%s: flags: %w", e, err)
	}
	if h.Key, err = hex.DecodeString(parts[4]); err != nil {
		return h, fmt.Errorf("%s: key: %w", e, err)
	}
	if h.Value, err = hex.DecodeString(parts[5]); err != nil {
		return h, fmt.Errorf("%s: value: %w", e, err)
	}
	return h, nil
}

// Do does the same to a map again. What is none of a map's operations, or has other sizes than its elements, does nothing.
func (h Help) Do(m *bpfsys.Map) {
	helpers := bpfsys.Helpers{Task: &maps.Task{CPU: h.CPU}}
	spec, on := m.Spec(), m.Elements()
	key, value := len(h.Key) == int(spec.KeySize), len(h.Value) == int(spec.ValueSize)
	switch {
	case h.CPU >= spec.CPUs:
	case h.Op == HelpLookup && key:
		helpers.Lookup(on, h.Key)
	case h.Op == HelpUpdate && key && value:
		helpers.Update(on, h.Key, h.Value, h.Flags)
	case h.Op == HelpDelete && key:
		helpers.Delete(on, h.Key)
	case h.Op == HelpPush && value:
		helpers.Push(on, h.Value, h.Flags)
	case h.Op == HelpPop && value:
		helpers.Pop(on, make([]byte, len(h.Value)))
	}
}

// Help has a helper's work on a map done in a turn of its own. do says what was done; nothing is written down where it changed nothing (false).
func (r *Recorder) Help(on *bpfsys.Map, do func() (Help, bool)) {
	e := r.Turn()
	defer e.Drop()
	h, changed := do()
	if !changed {
		return
	}
	h.Map = r.names.object(on)
	r.to.Event(h.Event())
	if lookedAt(on) {
		r.stores.left(on)
	}
}

// Ran is the answer to what came of a program that PROG_TEST_RUN has run.
type Ran struct {
	Stands        bool // something stood for the program
	Errno         abi.Errno
	Value         uint32
	Context, Data []byte
	Duration      int64 // ns
}

// Run is bpfsys.Options.Run of the kernel whose calls are recorded: what comes of programs is written down, and what they do meanwhile has turns of
// its own, before that of the call that has them run.
func (r *Recorder) Run(of func(bpfsys.Run) (bpfsys.Ran, bool)) func(bpfsys.Run) (bpfsys.Ran, bool) {
	return func(run bpfsys.Run) (bpfsys.Ran, bool) {
		by, recorded := run.By.Files.(*caller)
		if !recorded {
			return of(run)
		}
		by.entry.Drop()
		a, stands := of(run)
		by.entry.await()
		by.tell(Ran{stands, a.Errno, a.Value, a.Context, a.Data, int64(a.Duration)}, "run")
		return a, stands
	}
}
