package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/cilium/ebpf"
	"github.com/stretchr/testify/require"
)

const loopback = 1 // the interface that every machine has

func newAgent(t *testing.T, minUID uint32) *Agent {
	t.Helper()
	a, err := Load(minUID)
	require.NoError(t, err)
	t.Cleanup(func() { a.Close() })
	return a
}

func bytesOf(t *testing.T, v any) []byte {
	t.Helper()
	b, err := binary.Append(nil, binary.NativeEndian, v)
	require.NoError(t, err)
	return b
}

func event(t *testing.T, pid uint32, command string, ended bool) action {
	e := bpfEvent{Pid: pid, Uid: 1000}
	copy(e.Command[:], command)
	if ended {
		e.What = 1
	}
	return action{Map: bpfMapEvents, Value: bytesOf(t, e)}
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

func TestMute(t *testing.T) {
	a := newAgent(t, 0)
	require.NoError(t, a.Mute("sh"))
	var muted uint8
	require.NoError(t, a.objects.Muted.Lookup(bpfCommand{Name: [16]uint8{'s', 'h'}}, &muted))
	require.NoError(t, a.Mute(strings.Repeat("x", 40)))
	require.NoError(t, a.objects.Muted.Lookup(bpfCommand{Name: [16]uint8([]byte(strings.Repeat("x", 15) + "\x00"))}, &muted))
}

func TestReadEvents(t *testing.T) {
	a := newAgent(t, 0)
	require.Equal(t, abi.OK, event(t, 42, "sh", false).kernel(t))
	require.Equal(t, abi.OK, event(t, 42, "sh", true).kernel(t))
	for _, ended := range []bool{false, true} {
		got, err := a.Read()
		require.NoError(t, err)
		require.Equal(t, Event{PID: 42, UID: 1000, Command: "sh", Ended: ended}, got)
	}
}

func TestReadWaits(t *testing.T) {
	a := newAgent(t, 0)
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
	require.Equal(t, abi.OK, event(t, 7, "late", false).kernel(t))
	got := <-read
	require.NoError(t, got.error)
	require.Equal(t, "late", got.Command)
}

// A full buffer loses what comes, not what is there; what is read is in order.
func TestReadFullBuffer(t *testing.T) {
	a := newAgent(t, 0)
	sent := uint32(0)
	for ; event(t, sent, "many", false).kernel(t) == abi.OK; sent++ {
	}
	require.EqualValues(t, 1<<16/(8+binary.Size(bpfEvent{})), sent) // a header before each
	for pid := range sent {
		got, err := a.Read()
		require.NoError(t, err)
		require.Equal(t, pid, got.PID)
	}
	require.Equal(t, abi.OK, event(t, sent, "again", false).kernel(t))
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
	a := newAgent(t, 0)
	want := make(map[netip.Addr]bpfTraffic)
	for n := range byte(100) {
		traffic := bpfTraffic{Packets: uint64(n), Bytes: uint64(n) * 60}
		key := []byte{10, 0, 0, n}
		put := action{Map: bpfMapPeers, Key: key, Value: bytesOf(t, traffic)}
		require.Equal(t, abi.OK, put.kernel(t))
		want[netip.AddrFrom4([4]byte(key))] = traffic
	}
	got, err := a.Peers()
	require.NoError(t, err)
	require.Equal(t, want, got)
}

func TestPacketsOfAllCPUs(t *testing.T) {
	a := newAgent(t, 0)
	cpus := ebpf.MustPossibleCPU()
	for cpu := range cpus {
		put := action{Map: bpfMapProtocols, CPU: cpu, Key: bytesOf(t, uint32(6)), Value: bytesOf(t, uint64(10))}
		require.Equal(t, abi.OK, put.kernel(t))
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
