package bpfsys

import (
	"bytes"
	"testing"
	"time"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/stretchr/testify/require"
)

// runner is a desk whose kernel runs a Go function for all programs.
func runner(t *testing.T, run func(Run) (Ran, bool)) *desk {
	d := newDesk(t, abi.Hash, 0)
	d.Kernel.options.Run = run
	return d
}

func (d *desk) load(kind abi.ProgType) int32 {
	args := d.constant()
	args.Type = kind
	return d.must(args)
}

func TestTestRunWithoutStandIn(t *testing.T) {
	for _, run := range []func(Run) (Ran, bool){nil, func(Run) (Ran, bool) { return Ran{}, false }} {
		d := runner(t, run)
		var refused []Refusal
		d.Kernel.options.Refused = func(r Refusal) { refused = append(refused, r) }
		args := ProgTestRun{ProgFD: d.load(abi.ProgXDP), DataIn: d.Arena.Put(make([]byte, 64)), DataSizeIn: 64}
		d.want(abi.ENOTSUPP, args)
		require.Equal(t, []Refusal{{Cmd: abi.ProgTestRun, Errno: abi.ENOTSUPP}}, refused)
		args.DataSizeIn = 13
		d.want(abi.EINVAL, args) // what Linux finds wrong comes first
		require.Len(t, refused, 1)
	}
}

// A program may change the packet, its size, and what of the context is its own.
func TestTestRunOfAPacket(t *testing.T) {
	var seen Run
	d := runner(t, func(r Run) (Ran, bool) {
		seen = r
		r.Context[skbMark] = 9
		r.Context[skbHash] = 7 // not given back
		return Ran{Value: 2, Context: r.Context, Data: append([]byte("new "), r.Data...), Duration: 3 * time.Microsecond}, true
	})
	packet := append(make([]byte, ethernetHeader), "payload"...)
	context := make([]byte, skbSize)
	context[skbPriority] = 5
	out, after := d.Arena.Alloc(64), d.Arena.Alloc(skbSize)
	d.want(abi.OK, ProgTestRun{
		ProgFD: d.load(abi.ProgSocketFilter), DataIn: d.Arena.Put(packet), DataSizeIn: uint32(len(packet)), DataOut: out, DataSizeOut: 64,
		CtxIn: d.Arena.Put(context), CtxSizeIn: skbSize, CtxOut: after, CtxSizeOut: skbSize, Repeat: 4,
	})
	require.Equal(t, "payload", string(seen.Data))
	require.EqualValues(t, 4, seen.Times)
	require.EqualValues(t, len("payload"), seen.Context[skbLen])
	var got ProgTestRun
	got.Decode(d.Attr().fields())
	require.EqualValues(t, 2, got.RetVal)
	require.EqualValues(t, 3000, got.Duration)
	require.EqualValues(t, ethernetHeader+len("new payload"), got.DataSizeOut)
	require.Equal(t, "new payload", string(d.Arena.Bytes(out+ethernetHeader, len("new payload"))))
	left := d.Arena.Bytes(after, skbSize)
	require.Equal(t, []byte{9, 5, 0}, []byte{left[skbMark], left[skbPriority], left[skbHash]})
}

// What stands for a program may say no more than the result: it changed nothing then.
func TestTestRunThatChangesNothing(t *testing.T) {
	d := runner(t, func(Run) (Ran, bool) { return Ran{Value: 1}, true })
	context := make([]byte, skbSize)
	context[skbMark] = 5
	out, after := d.Arena.Alloc(64), d.Arena.Alloc(skbSize)
	d.want(abi.OK, ProgTestRun{
		ProgFD: d.load(abi.ProgSchedCLS), DataIn: d.Arena.Put(bytes.Repeat([]byte{7}, 64)), DataSizeIn: 64, DataOut: out, DataSizeOut: 64,
		CtxIn: d.Arena.Put(context), CtxSizeIn: skbSize, CtxOut: after, CtxSizeOut: skbSize,
	})
	require.Equal(t, bytes.Repeat([]byte{7}, 64), d.Arena.Bytes(out, 64))
	require.Equal(t, byte(5), d.Arena.Bytes(after, skbSize)[skbMark])
}

// Of what a program changes in a packet's context the caller sees what becomes the packet's (convert_skb_to___skb): mark, priority, cb and time.
func TestTestRunGivesBackWhatIsThePackets(t *testing.T) {
	d := runner(t, func(r Run) (Ran, bool) { return Ran{Context: bytes.Repeat([]byte{0xff}, len(r.Context))}, true })
	after := d.Arena.Alloc(skbSize)
	d.want(abi.OK, ProgTestRun{ProgFD: d.load(abi.ProgSchedCLS), DataIn: d.Arena.Alloc(64), DataSizeIn: 64, CtxOut: after, CtxSizeOut: skbSize})
	want := make([]byte, skbSize)
	for _, changed := range []struct{ from, to int }{{8, 12}, {32, 36}, {48, 68}, {152, 160}} {
		copy(want[changed.from:changed.to], bytes.Repeat([]byte{0xff}, skbSize))
	}
	want[skbIfindex], want[skbWireLen] = loopback, 64
	require.Equal(t, want, d.Arena.Bytes(after, skbSize))
}

// One that leaves another context than it was given is a mistake of the test's.
func TestTestRunContextOfAnotherSize(t *testing.T) {
	d := runner(t, func(r Run) (Ran, bool) { return Ran{Context: r.Context[:8]}, true })
	args := ProgTestRun{ProgFD: d.load(abi.ProgSocketFilter), DataIn: d.Arena.Alloc(64), DataSizeIn: 64}
	require.PanicsWithValue(t, "bpfsys: what stands for a program left a context of 8 bytes, want 192", func() { d.Do(args) })
}

func TestTestRunThatDoesNotEnd(t *testing.T) {
	d := runner(t, func(Run) (Ran, bool) { return Ran{Errno: abi.ECANCELED}, true })
	args := ProgTestRun{ProgFD: d.load(abi.ProgRawTracepoint), RetVal: 77}
	d.want(abi.ECANCELED, args)
	var got ProgTestRun
	got.Decode(d.Attr().fields())
	require.EqualValues(t, 77, got.RetVal)
}

// A tracepoint's program runs on the CPU that the caller names.
func TestTestRunOnACPU(t *testing.T) {
	var cpu int
	d := runner(t, func(r Run) (Ran, bool) { cpu = r.CPU; return Ran{Context: r.Context}, true })
	d.Kernel.options.CPUs = 4
	fd := d.load(abi.ProgRawTracepoint)
	d.want(abi.OK, ProgTestRun{ProgFD: fd, Flags: testOnCPU, CPU: 3})
	require.Equal(t, 3, cpu)
	d.want(abi.ENXIO, ProgTestRun{ProgFD: fd, Flags: testOnCPU, CPU: 4})
}

func TestWatch(t *testing.T) {
	d := newDesk(t, abi.Hash, 0)
	var calls []Call
	var ends []Outcome
	d.Kernel.options.Watch = func(c Call) func(Outcome) {
		calls = append(calls, c)
		return func(o Outcome) { ends = append(ends, o) }
	}
	d.Kernel.options.Fault = func(a Attempt) (f Fault) {
		if a.Cmd == abi.MapFreeze {
			f.Errno = abi.EINTR
		}
		return f
	}
	fd := d.must(MapCreate{Type: abi.Hash, KeySize: 4, ValueSize: 4, MaxEntries: 1, Name: NameOf("watched")})
	d.want(abi.EINTR, MapFreeze{FD: fd})
	require.Equal(t, []abi.Cmd{abi.MapCreate, abi.MapFreeze}, []abi.Cmd{calls[0].Cmd, calls[1].Cmd})
	require.Same(t, d.Process, calls[0].Process)
	require.Equal(t, []Outcome{{Ret: fd, Name: "watched"}, {Errno: abi.EINTR, Name: "watched", Injected: Fault{Errno: abi.EINTR}}}, ends)
	_, errno := d.Kernel.Bpf(d.Task, d.Process, uint32(abi.MapFreeze), nowhere, 4)
	require.Equal(t, abi.EFAULT, errno)
	require.Equal(t, Outcome{Errno: abi.EFAULT}, ends[2])
}
