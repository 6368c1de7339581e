package recording

import (
	"cmp"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/program"
	"github.com/bpfsim/bpfsim/syscall"
)

// Recorder writes down the calls of processes while they are made. Its methods may be called from many goroutines.
type Recorder struct {
	to     *Writer
	turn   chan struct{} // full while a call is made
	names  names
	stores stores
	clock  func() time.Duration
	now    atomic.Int64 // when the last call began

	mu       sync.Mutex
	vanished int // numbers that were given out
}

// NewRecorder writes to w. now is the time since the kernel booted; nil means that no time passes.
func NewRecorder(w *Writer, now func() time.Duration) *Recorder {
	if now == nil {
		now = func() time.Duration { return 0 }
	}
	return &Recorder{to: w, turn: make(chan struct{}, 1), clock: now}
}

// Now is the time for the kernel whose calls are recorded (bpfsys.Options.Now): it stands still while a call is made, so that it passes alike when
// the calls are made again.
func (r *Recorder) Now() time.Duration { return time.Duration(r.now.Load()) }

// Caller is who makes a call.
type Caller struct{ Process, Thread, CPU int }

// Entry is a call in progress.
type Entry struct {
	kernel  *bpfsys.Kernel
	foreign bool // it is about what another kernel has made
	by      *Recorder
	call    Call
	memory  memory
	caller  caller
	outcome bpfsys.Outcome
	result  *bpfsys.Outcome
	turn    bool
}

// patience is how long a call waits for its turn. One that waits for another program may never end.
const patience = 100 * time.Millisecond

// Turn waits until no other call is made, so that there is one order of all. What the call finds gone belongs to its turn, as Begin does.
func (r *Recorder) Turn() *Entry {
	e := &Entry{by: r}
	e.await()
	return e
}

func (e *Entry) await() {
	select {
	case e.by.turn <- struct{}{}:
		e.turn = true
		return
	default:
	}
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case e.by.turn <- struct{}{}:
		e.turn = true
	case <-late.C:
		e.call.Overlaps = true
	}
}

// On says which kernel answers the call. One about objects of another kernel is not written down, since it cannot be made again.
func (e *Entry) On(k *bpfsys.Kernel) { e.kernel = k }

// Begin has p, which is about to make the call, watched.
func (e *Entry) Begin(who Caller, p *bpfsys.Process, cmd abi.Cmd, attr uint64, size uint32) {
	at := e.by.clock()
	e.by.now.Store(int64(at))
	e.call.Process, e.call.Thread, e.call.CPU, e.call.At = who.Process, who.Thread, who.CPU, at
	e.call.Call = program.Call{Cmd: cmd, Attr: attr, Size: size}
	e.memory.Memory = p.Mem
	e.caller = caller{files: p.Files, fs: p.FS, host: hostOf(p), by: e.by, entry: e}
	p.Mem, p.Files, p.FS, p.Host = &e.memory, &e.caller, &e.caller, &e.caller
	if p.Outcome == nil {
		p.Outcome = &e.outcome
	}
	e.result = p.Outcome
}

// BeginArgs is Begin of a call whose arguments are in registers (abi.PerfEventOpen, abi.PerfIoctl): as fields of an attr at no address.
func (e *Entry) BeginArgs(who Caller, p *bpfsys.Process, cmd abi.Cmd, args []byte) {
	e.Begin(who, p, cmd, 0, uint32(len(args)))
	e.call.Contents = args
}

// Beneath is p as it was before Begin, for who only looks on: what is asked of it is not written down.
func Beneath(p *bpfsys.Process) *bpfsys.Process {
	c, watched := p.Files.(*caller)
	if !watched {
		return p
	}
	before := *p
	before.Mem, before.Files, before.FS, before.Host = c.entry.memory.Memory, c.files, c.fs, c.host
	return &before
}

// Drop ends a call that turned out to be the host's.
func (e *Entry) Drop() {
	if e.turn {
		e.turn = false
		<-e.by.turn
	}
}

// End writes the call down. It comes before the caller has its answer.
func (e *Entry) End(ret int32, errno abi.Errno) {
	defer e.Drop()
	if e.foreign {
		e.by.Beside("calls-on-objects-of-another-kernel")
		return
	}
	c := &e.call
	c.Ret, c.Errno, c.Injected = ret, errno, e.result.Injected
	if errno != abi.OK {
		c.Ret = 0
	}
	for _, w := range e.memory.read.ordered() {
		c.put(w)
	}
	for _, m := range e.caller.mapped {
		e.by.stores.left(m)
	}
	c.Wrote, c.Faulted, c.Told = e.memory.wrote.ordered(), e.memory.faulted, e.caller.told
	e.by.to.Call(c)
}

// put files what was read: attr, or other memory.
func (c *Call) put(w program.Write) {
	if c.Contents != nil || w.Addr > c.Attr || c.Attr >= w.Addr+uint64(len(w.Bytes)) {
		c.Memory = append(c.Memory, w)
		return
	}
	if before := c.Attr - w.Addr; before > 0 {
		c.Memory = append(c.Memory, program.Write{Addr: w.Addr, Bytes: w.Bytes[:before]})
		w = program.Write{Addr: c.Attr, Bytes: w.Bytes[before:]}
	}
	n := min(len(w.Bytes), int(cmp.Or(c.Size, 1)))
	c.Contents = w.Bytes[:n]
	if n < len(w.Bytes) {
		c.Memory = append(c.Memory, program.Write{Addr: c.Attr + uint64(n), Bytes: w.Bytes[n:]})
	}
}

// Gone notes that a file has no fd any more.
func (r *Recorder) Gone(f *bpfsys.File) {
	r.to.Event(Event{Gone, r.names.file(f)})
	r.names.forget(f.Object())
	r.stores.forget(f.Object())
}

// Unpinned notes that a pin of o is gone.
func (r *Recorder) Unpinned(o bpfsys.Object) { r.to.Event(Event{Unpinned, r.names.object(o)}) }

// Beside notes a call that is not recorded.
func (r *Recorder) Beside(what string) { r.to.Event(Event{Beside, what}) }

// never is the number of what never goes.
const never = "never"

// watch gives what may go a number, and has it noted that it is gone when somebody finds that out.
func (r *Recorder) watch(gone func() bool) (number string, watched func() bool) {
	if gone == nil {
		return never, nil
	}
	r.mu.Lock()
	r.vanished++
	number = strconv.Itoa(r.vanished)
	r.mu.Unlock()
	var once sync.Once
	return number, func() bool {
		is := gone()
		if is {
			once.Do(func() { r.to.Event(Event{Vanished, number}) })
		}
		return is
	}
}
