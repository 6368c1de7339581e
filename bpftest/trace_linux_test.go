//go:build linux && (amd64 || arm64)

package bpftest_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/bpftest"
	"github.com/bpfsim/bpfsim/fault"
	"github.com/bpfsim/bpfsim/syscall"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestTrace(t *testing.T) {
	k := bpftest.Kernel(t)
	fd := create(t, "ct", abi.Hash)
	defer unix.Close(fd)
	key, value := new(uint64), new(uint64)
	*key, *value = 7, 9
	update := func() { _, _ = bpf(bpfsys.MapUpdateElem{FD: int32(fd), Key: pointer(key), Value: pointer(value)}) }
	update() // before the trace
	calls := k.Trace()
	require.Empty(t, calls.String())
	k.Fail(fault.Rule{Cmd: abi.MapUpdateElem, Name: "ct", Nth: 2, Errno: abi.ENOMEM})
	update()
	update()
	_, _ = bpf(bpfsys.MapFreeze{FD: 99})
	lines := strings.Split(strings.TrimSpace(calls.String()), "\n")
	require.Len(t, lines, 3)
	require.Regexp(t, `bpf\(BPF_MAP_UPDATE_ELEM, \{map_fd=\d+, key="\\7\\0\\0\\0", value="\\t\\0\\0\\0\\0\\0\\0\\0", flags=BPF_ANY\}, 168\) = 0$`, lines[0])
	require.Regexp(t, `BPF_MAP_UPDATE_ELEM.* = -1 ENOMEM \(Cannot allocate memory\) \(injected\)$`, lines[1])
	require.Regexp(t, `BPF_MAP_FREEZE.* = -1 EBADF \(Bad file descriptor\)$`, lines[2])

	var out strings.Builder
	require.NoError(t, calls.WriteChrome(&out))
	var shown struct {
		TraceEvents []struct {
			Name, Cat, Ph string
			Ts, Dur       float64
			Args          map[string]any
		}
	}
	require.NoError(t, json.Unmarshal([]byte(out.String()), &shown))
	require.Len(t, shown.TraceEvents, 1+3)
	injected := shown.TraceEvents[2]
	require.Equal(t, "BPF_MAP_UPDATE_ELEM ct (injected)", injected.Name)
	require.Equal(t, "ENOMEM", injected.Args["result"])
	require.Positive(t, injected.Dur)
	require.Greater(t, injected.Ts, shown.TraceEvents[1].Ts)
	require.Equal(t, "BPF_MAP_FREEZE", shown.TraceEvents[3].Name)
}

// shownEvent is an event of a timeline.
type shownEvent struct {
	Name, Ph string
	Pid, Tid int
	Args     map[string]any
}

// A trace has the calls since it began, and not those of one before it.
func TestSecondTrace(t *testing.T) {
	k := bpftest.Kernel(t)
	k.Trace()
	fd := create(t, "ct", abi.Hash)
	defer unix.Close(fd)
	calls := k.Trace()
	_, err := bpf(bpfsys.MapFreeze{FD: int32(fd)})
	require.NoError(t, err)
	require.Equal(t, 1, strings.Count(calls.String(), "\n"), calls)
	require.Contains(t, calls.String(), "BPF_MAP_FREEZE")
}

// What programs do is on the rows of their CPUs.
func TestTraceOfHelpers(t *testing.T) {
	k := bpftest.Kernel(t)
	fd := create(t, "ct", abi.Hash)
	defer unix.Close(fd)
	ring, err := bpf(bpfsys.MapCreate{Type: abi.RingBuf, MaxEntries: 4096, Name: bpfsys.NameOf("ring")})
	require.NoError(t, err)
	defer unix.Close(ring)
	prog := load(t, "count", abi.ProgXDP, fd)
	defer unix.Close(prog)
	k.StandIn("count", func(c *bpftest.Context) int {
		_ = c.Map("ct").Put(uint32(7), uint64(9))
		return 2
	})
	program := k.Map("ct").OnCPU(3)
	_ = program.Lookup(uint32(7), new(uint64)) // before the trace
	calls := k.Trace()
	require.ErrorIs(t, program.Lookup(uint32(7), new(uint64)), unix.ENOENT)
	k.Prog("count").OnCPU(1).Fire(make([]byte, 64))
	record, err := k.Map("ring").Reserve(8)
	require.NoError(t, err)
	require.NoError(t, record.Discard(0))
	require.Empty(t, calls.String(), "bpf(2) was not called")

	var out strings.Builder
	require.NoError(t, calls.WriteChrome(&out))
	var shown struct{ TraceEvents []shownEvent }
	require.NoError(t, json.Unmarshal([]byte(out.String()), &shown))
	var got []string
	for _, e := range shown.TraceEvents {
		if e.Ph == "X" {
			require.Equal(t, 2, e.Pid)
			got = append(got, fmt.Sprintf("CPU %d: %s: %v: %v", e.Tid, e.Name, e.Args["call"], e.Args["result"]))
		}
	}
	require.Equal(t, []string{
		"CPU 3: bpf_map_lookup_elem ct: bpf_map_lookup_elem(ct, key=07000000): ENOENT",
		"CPU 1: bpf_map_update_elem ct: bpf_map_update_elem(ct, key=07000000, value=0900000000000000): OK",
		"CPU 0: bpf_ringbuf_reserve ring: bpf_ringbuf_reserve(ring): OK",
		"CPU 0: bpf_ringbuf_discard ring: bpf_ringbuf_discard(ring): OK",
	}, got)
	require.Contains(t, shown.TraceEvents, shownEvent{"thread_name", "M", 2, 3, map[string]any{"name": "CPU 3"}})
}

// The kernel's own types, which somebody asked for, are nobody's leak.
func TestOwnTypesAreNoLeak(t *testing.T) {
	require.Empty(t, record(t, func(t testing.TB) {
		bpftest.Kernel(t)
		if fd, err := bpf(bpfsys.BTFGetFDByID{ID: 1}); err == nil { // unless the host hides its own
			_ = unix.Close(fd)
		}
		_, _ = bpf(bpfsys.BTFGetNextID{})
	}))
}

func TestLeakedLinkAndBTF(t *testing.T) {
	var fds []int
	said := record(t, func(t testing.TB) {
		bpftest.Kernel(t)
		prog := load(t, "ingress", abi.ProgSchedCLS)
		link, err := bpf(bpfsys.LinkCreate{ProgFD: int32(prog), Target: 1, At: abi.AttachTCXIngress})
		if err != nil {
			t.Errorf("%v", err)
		}
		_ = unix.Close(prog)
		fds = append(fds, link)
	})
	require.Len(t, said, 2)
	require.Regexp(t, `^bpftest: link \(TCX of program "ingress", id 1\), made at \S+:\d+, was not closed`, said[0])
	require.Regexp(t, `^bpftest: program "ingress" \(id 1\), made at \S+:\d+, was not closed`, said[1])
	for _, fd := range fds {
		_ = unix.Close(fd)
	}
}
