package bpfsys

import (
	"fmt"
	"time"

	"github.com/bpfsim/bpfsim/abi"
)

// Run is what PROG_TEST_RUN has a program run on.
type Run struct {
	By      *Process // who asks
	Program *Program
	CPU     int
	// Context is struct __sk_buff, struct xdp_md and the like as the program sees it, with addresses of packet data that begin at 0.
	Context []byte
	// Data is the packet, of programs on packets. A program that sees no Ethernet header has none in it.
	Data []byte
	// Times is how often the program runs, each time on what the last run left.
	Times uint32
}

// Ran is what came of a Run. Context and Data are as the program left them, nil where it changed nothing; a context keeps its size.
type Ran struct {
	// Errno is why the program did not run to its end; abi.OK when it did.
	Errno         abi.Errno
	Value         uint32 // the program's result
	Context, Data []byte
	Duration      time.Duration // of one run
}

// testRun is a PROG_TEST_RUN on its way (net/bpf/test_run.c, measured on 6.18).
type testRun struct {
	*call
	ProgTestRun
	program *Program
	context []byte // nil where the caller has none; of the size that the kernel knows
	data    []byte
}

// testKind is how programs of some types are tested.
type testKind struct {
	// prepare is what Linux finds wrong before the program runs, and reads what it runs on.
	prepare func(*testRun) (Run, abi.Errno)
	// finish gives the caller what came of it.
	finish func(*testRun, Ran) abi.Errno
}

// progTestRun follows bpf_prog_test_run. ENOTSUPP is what Linux answers for types that it cannot test.
func (c *call) progTestRun() abi.Errno {
	c.kept()
	own := *c // c itself stays on the stack
	t := testRun{call: &own}
	t.Decode(c.attr)
	if (t.CtxSizeIn != 0) != (t.CtxIn != 0) || (t.CtxSizeOut != 0) != (t.CtxOut != 0) {
		return abi.EINVAL
	}
	p, errno := c.program(t.ProgFD)
	if errno != abi.OK {
		return errno
	}
	defer p.Release()
	t.program = p
	kind, ok := testKinds[p.kind]
	if !ok {
		return abi.ENOTSUPP
	}
	return t.run(kind)
}

func (t *testRun) run(kind testKind) abi.Errno {
	run, errno := kind.prepare(t)
	if errno != abi.OK {
		return errno
	}
	run.By, run.Program, run.CPU, run.Times = t.proc, t.program, t.task.CPU, max(t.Repeat, 1)
	if t.Flags&testOnCPU != 0 {
		run.CPU = int(t.CPU)
	}
	ran, ok := t.kernel.standIn(run)
	switch {
	case !ok:
		return t.refuse(Refusal{Cmd: abi.ProgTestRun, Errno: abi.ENOTSUPP})
	case ran.Errno != abi.OK:
		return ran.Errno
	}
	return kind.finish(t, ran.behind(run))
}

// behind is what came of run, in whole.
func (r Ran) behind(run Run) Ran {
	if r.Context == nil {
		r.Context = run.Context
	}
	if r.Data == nil {
		r.Data = run.Data
	}
	if len(r.Context) != len(run.Context) {
		panic(fmt.Sprintf("bpfsys: what stands for a program left a context of %d bytes, want %d", len(r.Context), len(run.Context)))
	}
	return r
}

// standIn runs what stands for a program; false when nothing does.
func (k *Kernel) standIn(run Run) (Ran, bool) {
	if k.options.Run == nil {
		return Ran{}, false
	}
	return k.options.Run(run)
}

// simple tells whether the caller asks for nothing but one run on this CPU.
func (t *testRun) simple() bool { return t.Flags == 0 && t.CPU == 0 && t.BatchSize == 0 }

// readContext reads the caller's context of at most size bytes, of which those that the caller does not know are zero
// (bpf_ctx_init).
func (t *testRun) readContext(size uint32) abi.Errno {
	if t.CtxIn == 0 && t.CtxOut == 0 {
		return abi.OK
	}
	t.context = make([]byte, size)
	if t.CtxIn == 0 {
		return abi.OK
	}
	if errno := t.zeroBehind(t.CtxIn, size, t.CtxSizeIn); errno != abi.OK {
		return errno
	}
	return t.copyIn(t.context[:min(size, t.CtxSizeIn)], t.CtxIn)
}

// readData reads data of at most most bytes (bpf_test_init).
func (t *testRun) readData(most uint32) abi.Errno {
	if t.DataSizeIn > most {
		return abi.EINVAL
	}
	t.data = make([]byte, t.DataSizeIn)
	return t.copyIn(t.data, t.DataIn)
}

// writeData writes the data, its size, the result and the duration (bpf_test_finish).
func (t *testRun) writeData(data []byte, ran Ran) abi.Errno {
	room := t.DataSizeOut
	if room == 0 {
		room = uint32(len(data))
	}
	return t.write(t.DataOut, room, data, testWord{testDataSizeOut, uint32(len(data))}, testWord{testRetVal, ran.Value},
		testWord{testDuration, nanoseconds(ran.Duration)})
}

// writePages is writeData of a packet that had linear bytes in its first page. Where there is too little room for all it is the end of
// that part which is left out, and where there is none for the rest nothing at all is written.
func (t *testRun) writePages(data []byte, linear int, ran Ran) abi.Errno {
	rest := min(len(t.data)-linear, len(data))
	missing := len(data) - int(t.DataSizeOut)
	if rest == 0 || t.DataOut == 0 || t.DataSizeOut == 0 || missing <= 0 {
		return t.writeData(data, ran)
	}
	linear = len(data) - rest - missing
	if linear < 0 {
		return abi.ENOSPC
	}
	shown := append(append([]byte(nil), data[:linear]...), data[len(data)-rest:]...)
	return t.writeData(append(shown, data[len(shown):]...), ran)
}

func nanoseconds(d time.Duration) uint32 { return uint32(min(max(d, 0), 1<<32-1)) }

// writeContext writes the context and its size (bpf_ctx_finish).
func (t *testRun) writeContext() abi.Errno {
	if t.context == nil || t.CtxOut == 0 {
		return abi.OK
	}
	return t.write(t.CtxOut, t.CtxSizeOut, t.context, testWord{testContextSizeOut, uint32(len(t.context))})
}

// testWord is a field of the caller's attr and what is written there.
type testWord struct {
	at    uint64
	value uint32
}

// write writes p as far as there is room, and then words: ENOSPC, even where an address was bad, when there was too little room.
func (t *testRun) write(addr uint64, room uint32, p []byte, words ...testWord) abi.Errno {
	done, bad := abi.OK, abi.EFAULT
	if int(room) < len(p) {
		p, done, bad = p[:room], abi.ENOSPC, abi.ENOSPC
	}
	if addr != 0 && t.copyOut(addr, p) != abi.OK {
		return bad
	}
	for _, word := range words {
		if t.copyWordOut(t.addr+word.at, word.value) != abi.OK {
			return bad
		}
	}
	return done
}

// writeValue writes the result alone.
func (t *testRun) writeValue(ran Ran) abi.Errno { return t.copyWordOut(t.addr+testRetVal, ran.Value) }
