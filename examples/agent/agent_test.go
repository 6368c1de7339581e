package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bpfsim/bpfsim/bpftest"
	"github.com/cilium/ebpf"
	"github.com/stretchr/testify/require"
)

const (
	loopback = 1 // the interface that every machine has
	// plain is set in the environment of plain go test, where tests can play the kernel's part.
	plain = "AGENT_PLAIN_TEST"
)

func TestMain(m *testing.M) {
	if os.Getenv("BPFSIM_BPFFS") == "" { // not under bpfsim run
		os.Setenv(plain, "1")
	}
	bpftest.Main(m)
}

func newAgent(t *testing.T, minUID uint32) *Agent {
	t.Helper()
	a, err := Load(minUID)
	require.NoError(t, err)
	t.Cleanup(func() { a.Close() })
	return a
}

// withKernel is newAgent with a kernel in which the test does what the programs would, since they are loaded and never run.
func withKernel(t *testing.T) (*bpftest.Handle, *Agent) {
	t.Helper()
	if os.Getenv(plain) == "" {
		t.Skip("nobody plays the kernel's part here: run go test without bpfsim run")
	}
	k := bpftest.Kernel(t, bpftest.AllowLeaks()) // cilium/ebpf unmaps globals when the garbage collector tells it to
	return k, newAgent(t, 0)
}

func event(pid uint32, command string, what uint32) bpfEvent {
	e := bpfEvent{Pid: pid, Uid: 1000, What: what}
	copy(e.Command[:], command)
	return e
}

func TestAttach(t *testing.T) {
	a := newAgent(t, 0)
	require.NoError(t, a.Attach(loopback))
	require.Len(t, a.links, 3)
	info, err := a.links[2].Info()
	require.NoError(t, err)
	require.EqualValues(t, loopback, info.XDP().Ifindex)
	counts, err := a.objects.Count.Info()
	require.NoError(t, err)
	id, ok := counts.ID()
	require.True(t, ok)
	require.Equal(t, id, info.Program)
}

func TestProgramsUseTheMaps(t *testing.T) {
	a := newAgent(t, 0)
	info, err := a.objects.Count.Info()
	require.NoError(t, err)
	used, ok := info.MapIDs()
	require.True(t, ok)
	for _, m := range []*ebpf.Map{a.objects.Peers, a.objects.Protocols} {
		info, err := m.Info()
		require.NoError(t, err)
		id, ok := info.ID()
		require.True(t, ok)
		require.Contains(t, used, id)
	}
}

func TestLoadSetsGlobals(t *testing.T) {
	a := newAgent(t, 1000)
	var minUID uint32
	require.NoError(t, a.objects.MinUid.Get(&minUID))
	require.EqualValues(t, 1000, minUID)
	require.ErrorIs(t, a.objects.MinUid.Set(uint32(1)), ebpf.ErrReadOnly)
}

func TestPause(t *testing.T) {
	a := newAgent(t, 0)
	for _, want := range []bool{true, false} {
		require.NoError(t, a.Pause(want))
		var paused bool
		require.NoError(t, a.objects.Paused.Get(&paused))
		require.Equal(t, want, paused)
	}
	lost, err := a.Lost()
	require.NoError(t, err)
	require.Zero(t, lost)
}

// The test writes what the program counts, and reads what the agent tells the program.
func TestGlobals(t *testing.T) {
	k, a := withKernel(t)
	require.NoError(t, k.Var("lost").Set(uint64(3)))
	lost, err := a.Lost()
	require.NoError(t, err)
	require.EqualValues(t, 3, lost)
	for _, want := range []bool{true, false} {
		require.NoError(t, a.Pause(want))
		var paused bool
		require.NoError(t, k.Var("paused").Get(&paused))
		require.Equal(t, want, paused)
	}
	require.ErrorIs(t, k.Var("min_uid").Set(uint32(1)), syscall.EACCES)
	require.ErrorContains(t, k.Var("lost").Set(uint32(1)), "uint32 has 4 bytes, the variable has 8, in .bss")
}

func TestMute(t *testing.T) {
	a := newAgent(t, 0)
	require.NoError(t, a.Mute("sh"))
	var muted uint8
	require.NoError(t, a.objects.Muted.Lookup(bpfCommand{Name: [16]uint8{'s', 'h'}}, &muted))
	require.NoError(t, a.Mute(strings.Repeat("x", 40)))
	require.NoError(t, a.objects.Muted.Lookup(bpfCommand{Name: [16]uint8([]byte(strings.Repeat("x", 15) + "\x00"))}, &muted))
}

func TestReadEvents(t *testing.T) {
	k, a := withKernel(t)
	program := k.Map(bpfMapEvents)
	require.NoError(t, program.Output(event(42, "sh", 0), 0))
	require.NoError(t, program.Output(event(42, "sh", 1), 0))
	for _, ended := range []bool{false, true} {
		got, err := a.Read()
		require.NoError(t, err)
		require.Equal(t, Event{PID: 42, UID: 1000, Command: "sh", Ended: ended}, got)
	}
	require.NoError(t, program.Output([]byte("short"), 0))
	_, err := a.Read()
	require.ErrorContains(t, err, "decode event of 5 bytes")
}

func TestReadWaits(t *testing.T) {
	k, a := withKernel(t)
	type result struct {
		Event
		error
	}
	read := make(chan result, 1)
	go func() {
		e, err := a.Read()
		read <- result{e, err}
	}()
	time.Sleep(20 * time.Millisecond) // so that Read waits, mostly; it must not matter
	require.NoError(t, k.Map(bpfMapEvents).Output(event(7, "late", 0), 0))
	got := <-read
	require.NoError(t, got.error)
	require.Equal(t, "late", got.Command)
}

// A full buffer loses what comes, not what is there; what is read is in order.
func TestReadFullBuffer(t *testing.T) {
	k, a := withKernel(t)
	program := k.Map(bpfMapEvents)
	sent, err := uint32(0), error(nil)
	for ; err == nil; sent++ {
		err = program.Output(event(sent, "many", 0), 0)
	}
	require.ErrorIs(t, err, syscall.EAGAIN)
	sent--
	require.EqualValues(t, 1<<16/(8+binary.Size(bpfEvent{})), sent) // a header before each
	for pid := range sent {
		got, err := a.Read()
		require.NoError(t, err)
		require.Equal(t, pid, got.PID)
	}
	require.NoError(t, program.Output(event(sent, "again", 0), 0))
	got, err := a.Read()
	require.NoError(t, err)
	require.Equal(t, "again", got.Command)
}

func TestCloseEndsRead(t *testing.T) {
	a := newAgent(t, 0)
	ended := make(chan error)
	go func() {
		_, err := a.Read()
		ended <- err
	}()
	require.NoError(t, a.Close())
	require.ErrorIs(t, <-ended, os.ErrClosed)
}

func TestPeers(t *testing.T) {
	k, a := withKernel(t)
	program := k.Map(bpfMapPeers)
	want := make(map[netip.Addr]bpfTraffic)
	for n := range byte(100) {
		address := [4]byte{10, 0, 0, n}
		traffic := bpfTraffic{Packets: uint64(n), Bytes: uint64(n) * 60}
		require.NoError(t, program.Put(address, traffic))
		want[netip.AddrFrom4(address)] = traffic
	}
	got, err := a.Peers()
	require.NoError(t, err)
	require.Equal(t, want, got)
}

func TestPacketsOfAllCPUs(t *testing.T) {
	k, a := withKernel(t)
	cpus := ebpf.MustPossibleCPU()
	for cpu := range cpus {
		require.NoError(t, k.Map(bpfMapProtocols).OnCPU(cpu).Put(uint32(6), uint64(10)))
	}
	got, err := a.Packets(6)
	require.NoError(t, err)
	require.EqualValues(t, 10*cpus, got)
	got, err = a.Packets(17)
	require.NoError(t, err)
	require.Zero(t, got)
}

func TestRun(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	stop()
	var out bytes.Buffer
	require.NoError(t, run(ctx, &out, "lo", 0))
	require.ErrorContains(t, run(ctx, &out, "nowhere", 0), "find interface")
}
