//go:build linux && (amd64 || arm64)

package bpftest_test

import (
	"encoding/json"
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
