package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"github.com/stretchr/testify/require"
)

func newFlows(t *testing.T, kind ebpf.MapType, entries uint32) *ebpf.Map {
	t.Helper()
	m, err := ebpf.NewMap(&ebpf.MapSpec{Name: "talkers", Type: kind, KeySize: 8, ValueSize: 16, MaxEntries: entries})
	require.NoError(t, err)
	t.Cleanup(func() { m.Close() })
	return m
}

func flow(n uint32) Flow {
	var f Flow
	binary.BigEndian.PutUint32(f.Source[:], 10<<24|n)
	f.Destination = [4]byte{192, 0, 2, 1}
	return f
}

// Each way of reading must drain the same flows.
var ways = map[string]int{"batch": 64, "tiny batch": 1, "key by key": 0}

func TestDrainReturnsEverythingOnce(t *testing.T) {
	for name, batch := range ways {
		t.Run(name, func(t *testing.T) {
			m := newFlows(t, ebpf.Hash, 500)
			want := make(map[Flow]Traffic)
			for n := range uint32(500) {
				want[flow(n)] = Traffic{Packets: uint64(n), Bytes: uint64(n) * 100}
				require.NoError(t, m.Put(flow(n), want[flow(n)]))
			}
			collector := &Collector{Map: m, Batch: batch}
			got, err := collector.Drain()
			require.NoError(t, err)
			require.Equal(t, want, got)

			again, err := collector.Drain()
			require.NoError(t, err)
			require.Empty(t, again)
		})
	}
}

func TestDrainWorksOnLRU(t *testing.T) {
	m := newFlows(t, ebpf.LRUHash, 64)
	for n := range uint32(1000) {
		require.NoError(t, m.Put(flow(n), Traffic{Packets: 1}))
	}
	got, err := (&Collector{Map: m, Batch: 16}).Drain()
	require.NoError(t, err)
	require.NotEmpty(t, got)
	require.LessOrEqual(t, len(got), 64)
	require.Contains(t, got, flow(999))
}

// Nothing is lost while writers keep adding: what was drained is what was written.
func TestDrainConservesCounts(t *testing.T) {
	const writers, each = 4, 500
	for name, batch := range ways {
		t.Run(name, func(t *testing.T) {
			m := newFlows(t, ebpf.Hash, writers*each)
			collector := &Collector{Map: m, Batch: batch}
			var done sync.WaitGroup
			for w := range uint32(writers) {
				done.Go(func() {
					for n := range uint32(each) {
						// Unique keys: a user-space writer cannot add to a value atomically.
						if err := m.Update(flow(w*each+n), Traffic{Packets: 1, Bytes: 7}, ebpf.UpdateNoExist); err != nil {
							t.Error(err)
						}
					}
				})
			}
			finished := make(chan struct{})
			go func() { done.Wait(); close(finished) }()

			total := make(map[Flow]Traffic)
			for running := true; running; {
				select {
				case <-finished:
					running = false
				default:
				}
				flows, err := collector.Drain()
				require.NoError(t, err)
				for key, traffic := range flows {
					add(total, key, traffic)
				}
			}
			require.Len(t, total, writers*each)
			for key, traffic := range total {
				require.Equal(t, Traffic{Packets: 1, Bytes: 7}, traffic, key)
			}
		})
	}
}

func TestTableIsSorted(t *testing.T) {
	var out bytes.Buffer
	flows := map[Flow]Traffic{flow(1): {1, 10}, flow(3): {3, 300}, flow(2): {2, 300}, flow(4): {9, 5}}
	require.NoError(t, WriteTable(&out, flows, 3))
	require.Equal(t, "FLOW                   PACKETS  BYTES\n"+
		"10.0.0.2 -> 192.0.2.1  2        300\n"+
		"10.0.0.3 -> 192.0.2.1  3        300\n"+
		"10.0.0.1 -> 192.0.2.1  1        10\n", out.String())
}

// bpffs is where maps are pinned; bpfsim names another place where it cannot put one over /sys/fs/bpf.
var bpffs = cmp.Or(os.Getenv("BPFSIM_BPFFS"), "/sys/fs/bpf")

func TestAgentReadsPinnedMap(t *testing.T) {
	m := newFlows(t, ebpf.Hash, 16)
	pin := filepath.Join(bpffs, "talkers_test")
	require.NoError(t, m.Pin(pin))
	t.Cleanup(func() { m.Unpin() })
	require.NoError(t, m.Put(flow(7), Traffic{Packets: 2, Bytes: 3000}))

	ctx, stop := context.WithCancel(context.Background())
	stop() // An interrupt before the first tick: the last table still shows what came in.
	var out bytes.Buffer
	require.NoError(t, run(ctx, &out, pin, time.Hour, 256, 10))
	require.Contains(t, out.String(), "10.0.0.7 -> 192.0.2.1  2        3000\n")
}

func TestAgentRefusesOtherMaps(t *testing.T) {
	_, err := openFlows(filepath.Join(bpffs, "talkers_missing"))
	require.ErrorContains(t, err, "is the BPF program loaded")

	m, err := ebpf.NewMap(&ebpf.MapSpec{Type: ebpf.Array, KeySize: 4, ValueSize: 8, MaxEntries: 1})
	require.NoError(t, err)
	defer m.Close()
	pin := filepath.Join(bpffs, "talkers_other")
	require.NoError(t, m.Pin(pin))
	defer m.Unpin()
	_, err = openFlows(pin)
	require.ErrorContains(t, err, "key 4 and value 8 bytes, want 8 and 16")
}
