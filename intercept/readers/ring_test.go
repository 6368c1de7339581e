//go:build linux && (amd64 || arm64)

package readers

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
	"github.com/bpfsim/bpfsim/syscall"
	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/ringbuf"
	"github.com/stretchr/testify/require"
)

// clients are what the test binary can do as the command.
var clients = map[string]func(){"ringbuf": readRing}

const (
	writers  = 2
	countVar = "BPFSIM_READER_COUNT"
)

// record is what a writer puts in as its number i: who it is, i, and up to 49 bytes more.
func record(writer, i int) []byte {
	data := binary.LittleEndian.AppendUint64(nil, uint64(writer))
	data = binary.LittleEndian.AppendUint64(data, uint64(i))
	for n := i % 50; n > 0; n-- {
		data = append(data, byte(i+len(data)))
	}
	return data
}

// writeRecords has writers on several CPUs put in all records; between them each reserves records that it discards.
func writeRecords(m *bpfsys.Map) {
	var writing sync.WaitGroup
	for writer := range writers {
		writing.Go(func() {
			ring, task := m.Elements().(maps.Ring), &maps.Task{CPU: writer}
			for i := range records() / writers {
				for ring.Output(task, record(writer, i), 0) != abi.OK {
					time.Sleep(20 * time.Microsecond)
				}
				if i%10 == 0 {
					if discarded := ring.Reserve(task, 40, 0); discarded != nil {
						discarded.Discard(task, 0)
					}
				}
			}
		})
	}
	writing.Wait()
}

// The Reader of cilium/ebpf gets every record in order, and its deadlines, Flush and Close work.
func TestCiliumRingbufReader(t *testing.T) {
	exe, err := os.Executable()
	require.NoError(t, err)
	out := command(t, writeRecords, "env", clientVar+"=ringbuf", fmt.Sprintf("%s=%d", countVar, records()), exe)
	require.Equal(t, "deadline, flush, records, deadline, close\n", out)
}

// must ends the client with what went wrong.
func must(ok bool, what string, about ...any) {
	if !ok {
		fmt.Println(what, about)
		os.Exit(1)
	}
}

// soon is when something else shall happen to a reader that waits.
const soon = 20 * time.Millisecond

func readRing() {
	m, err := ebpf.NewMap(&ebpf.MapSpec{Name: "empty", Type: ebpf.RingBuf, MaxEntries: 4096})
	must(err == nil, "new map", err)
	reader, err := ringbuf.NewReader(m)
	must(err == nil, "new reader", err)
	waitInVain(reader)
	fmt.Print("deadline, ")
	time.AfterFunc(soon, func() { _ = reader.Flush() })
	_, err = reader.Read()
	must(errors.Is(err, ringbuf.ErrFlushed), "flush", err)
	fmt.Print("flush, ")
	must(reader.Close() == nil && m.Close() == nil, "close")

	m, err = ebpf.NewMap(&ebpf.MapSpec{Name: "ring", Type: ebpf.RingBuf, MaxEntries: 65536})
	must(err == nil, "new map", err)
	reader, err = ringbuf.NewReader(m)
	must(err == nil, "new reader", err)
	readRecords(reader)
	fmt.Print("records, ")
	waitInVain(reader)
	fmt.Print("deadline, ")
	time.AfterFunc(soon, func() { _ = reader.Close() })
	_, err = reader.Read()
	must(errors.Is(err, ringbuf.ErrClosed), "close", err)
	fmt.Println("close")
}

// waitInVain reads until a deadline.
func waitInVain(reader *ringbuf.Reader) {
	reader.SetDeadline(time.Now().Add(soon))
	_, err := reader.Read()
	must(errors.Is(err, os.ErrDeadlineExceeded), "deadline", err)
	reader.SetDeadline(time.Time{})
}

func readRecords(reader *ringbuf.Reader) {
	count, err := strconv.Atoi(os.Getenv(countVar))
	must(err == nil, "count", err)
	var next [writers]int
	var got ringbuf.Record
	for range count {
		err := reader.ReadInto(&got)
		must(err == nil, "read", err)
		writer := binary.LittleEndian.Uint64(got.RawSample)
		must(bytes.Equal(record(int(writer), next[writer]), got.RawSample), "record", writer, next[writer], got.RawSample)
		next[writer]++
	}
}

// libbpfClient compiles a client of libbpf.
func libbpfClient(t *testing.T) string {
	t.Helper()
	client := filepath.Join(t.TempDir(), "ring")
	out, err := exec.Command("gcc", "-O2", "-Wall", "-o", client, "testdata/ring.c", "-lbpf").CombinedOutput()
	if err != nil {
		require.Empty(t, os.Getenv("BPFSIM_REQUIRE_TOOLS"), "%v: %s", err, out)
		t.Skipf("needs gcc and libbpf's headers: %v", err)
	}
	return client
}

func TestLibbpfRingBuffer(t *testing.T) {
	require.Empty(t, command(t, writeRecords, libbpfClient(t), "read", strconv.Itoa(records())))
}

// What libbpf's user_ring_buffer produces, waiting for room, arrives in order and without what it discards.
func TestLibbpfUserRingBuffer(t *testing.T) {
	client, samples := libbpfClient(t), 0
	out := command(t, func(m *bpfsys.Map) {
		ring, task := m.Elements().(maps.UserRing), new(maps.Task)
		for samples < records()/7*6+records()%7 {
			n, errno := ring.Drain(task, func(sample []byte) bool {
				require.Equal(t, userSample(samples/6*7+samples%6), sample)
				samples++
				return false
			}, 0)
			require.Equal(t, abi.OK, errno)
			if n == 0 {
				time.Sleep(20 * time.Microsecond)
			}
		}
	}, client, "write", strconv.Itoa(records()))
	require.Equal(t, "written\n", out)
}

// userSample is number i of what the client writes.
func userSample(i int) []byte {
	data := binary.LittleEndian.AppendUint64(nil, uint64(i))
	for n := i % 50; n > 0; n-- {
		data = append(data, byte(i+len(data)))
	}
	return data
}
