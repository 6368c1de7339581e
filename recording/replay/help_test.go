package replay_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
	"github.com/bpfsim/bpfsim/proptest/kernel"
	"github.com/bpfsim/bpfsim/proptest/kernel/kerneltest"
	"github.com/bpfsim/bpfsim/recording"
	"github.com/bpfsim/bpfsim/recording/replay"
	"github.com/bpfsim/bpfsim/syscall"
)

// helped records what programs do to maps between calls. secret is in what they write.
func helped(t *testing.T, secret []byte) string {
	t.Helper()
	s := newSession(t, kernel.PossibleCPUs())
	key, room := s.Arena.Alloc(8), s.Arena.Alloc(8)
	on := func(fd int32) *bpfsys.Map {
		file, ok := s.Process.Files.Get(fd)
		require.True(t, ok)
		return file.Map()
	}
	hash, _ := s.do(bpfsys.MapCreate{Type: abi.Hash, KeySize: 8, ValueSize: 8, MaxEntries: 8})
	queue, _ := s.do(bpfsys.MapCreate{Type: abi.Queue, ValueSize: 8, MaxEntries: 8})
	for _, fd := range []int32{hash, queue} {
		for i := range byte(3) {
			h := recording.Help{Op: recording.HelpUpdate, Key: append([]byte{i}, secret[1:]...), Value: secret}
			if fd == queue {
				h = recording.Help{Op: recording.HelpPush, Value: append([]byte{i}, secret[1:]...)}
			}
			s.recorder.Help(on(fd), func() (recording.Help, bool) { h.Do(on(fd)); return h, true })
		}
	}
	s.recorder.Help(on(hash), func() (recording.Help, bool) {
		h := recording.Help{Op: recording.HelpDelete, Key: append([]byte{1}, secret[1:]...)}
		h.Do(on(hash))
		return h, true
	})
	s.recorder.Help(on(queue), func() (recording.Help, bool) {
		value := make([]byte, 8)
		require.Equal(t, abi.OK, bpfsys.Helpers{Task: &maps.Task{}}.Pop(on(queue).Elements(), value))
		return recording.Help{Op: recording.HelpPop, Value: value}, true
	})
	s.recorder.Help(on(queue), func() (recording.Help, bool) { return recording.Help{Op: "nothing"}, false })
	for i := range byte(3) {
		s.Arena.Write(key, append([]byte{i}, secret[1:]...))
		_, errno := s.do(bpfsys.MapLookupElem{FD: hash, Key: key, Value: room})
		require.Equal(t, i == 1, errno == abi.ENOENT)
	}
	s.do(bpfsys.MapLookupAndDeleteElem{FD: queue, Value: room})
	require.NoError(t, s.writer.Close())
	return s.file.String()
}

func TestReplayOfHelpers(t *testing.T) {
	text := helped(t, []byte("mysecret"))
	require.Equal(t, 8, strings.Count(text, "\nhelped "))
	report := run(t, text, new(replay.Bpfsim))
	require.Nil(t, report.Difference, "%v", report.Difference)
	report = run(t, text, replay.NewKernel(kernel.NewSim()))
	require.Nil(t, report.Difference, "%v", report.Difference)
	require.Empty(t, report.NotMade)
	without := run(t, cut(t, text, "helped "), new(replay.Bpfsim))
	require.NotNil(t, without.Difference, "what programs did matters")

	k, err := kernel.NewLinux()
	kerneltest.Need(t, err)
	defer k.Close()
	report = run(t, text, replay.NewKernel(k))
	require.Nil(t, report.Difference, "%v", report.Difference)
	require.Empty(t, report.NotMade)
}

// cut is a recording without the entries that begin with a word.
func cut(t *testing.T, text, word string) string {
	t.Helper()
	r, err := recording.NewReader(strings.NewReader(text))
	require.NoError(t, err)
	entries, err := replay.Load(r, 0)
	require.NoError(t, err)
	var w strings.Builder
	to, err := recording.NewWriter(&w, r.Header)
	require.NoError(t, err)
	for _, e := range entries {
		switch e := e.(type) {
		case *recording.Call:
			to.Call(e)
		case recording.Event:
			if !strings.HasPrefix(e.String(), word) {
				to.Event(e)
			}
		}
	}
	require.NoError(t, to.Close())
	return w.String()
}

// A helper's keys and values are masked alike as those of calls.
func TestMaskOfHelpers(t *testing.T) {
	secret := []byte("mysecret")
	path := masked(t, helped(t, secret))
	r, file, err := recording.Open(path)
	require.NoError(t, err)
	defer file.Close()
	entries, err := replay.Load(r, 0)
	require.NoError(t, err)
	for _, e := range entries {
		line := ""
		switch e := e.(type) {
		case *recording.Call:
			line = e.String()
		case recording.Event:
			line = e.String()
		}
		require.NotContains(t, line, "79736563726574", "hex of what is behind the first byte")
	}
	again, file2, err := recording.Open(path)
	require.NoError(t, err)
	defer file2.Close()
	report, err := replay.Run(context.Background(), again, new(replay.Bpfsim))
	require.NoError(t, err)
	require.Nil(t, report.Difference, "%v", report.Difference)
}

// What no call does is left out on Linux, by name.
func TestHelpersWithoutACall(t *testing.T) {
	s := newSession(t, 2)
	fd, _ := s.do(bpfsys.MapCreate{Type: abi.PerCPUArray, KeySize: 4, ValueSize: 8, MaxEntries: 1})
	file, _ := s.Process.Files.Get(fd)
	s.recorder.Help(file.Map(), func() (recording.Help, bool) {
		h := recording.Help{Op: recording.HelpUpdate, CPU: 1, Key: make([]byte, 4), Value: []byte("abcdefgh")}
		h.Do(file.Map())
		return h, true
	})
	key, room := s.Arena.Alloc(4), s.Arena.Alloc(16)
	s.do(bpfsys.MapLookupElem{FD: fd, Key: key, Value: room})
	require.Equal(t, "abcdefgh", string(s.Arena.Bytes(room, 16)[8:]), "the part of CPU 1")
	require.NoError(t, s.writer.Close())
	require.Nil(t, run(t, s.file.String(), new(replay.Bpfsim)).Difference)
	report := run(t, s.file.String(), replay.NewKernel(kernel.NewSim()))
	require.NotNil(t, report.Difference)
	require.Equal(t, map[string]int{"in the place of programs that a test has played: no call does the same": 1}, report.NotMade)
}

// A call about what another kernel has made cannot be made again, and is only counted.
func TestCallsOfAnotherKernel(t *testing.T) {
	s, other := newSession(t, 2), bpfsys.NewCaller(bpfsys.NewKernel(bpfsys.Options{CPUs: 2}))
	fd, errno := other.Do(bpfsys.MapCreate{Type: abi.Hash, KeySize: 4, ValueSize: 4, MaxEntries: 1})
	require.Equal(t, abi.OK, errno)
	file, _ := other.Process.Files.Get(fd)
	fd, errno = s.Process.Files.Install(file)
	require.Equal(t, abi.OK, errno)
	_, errno = s.do(bpfsys.MapFreeze{FD: fd})
	require.Equal(t, abi.OK, errno)
	s.do(bpfsys.MapCreate{Type: abi.Hash, KeySize: 4, ValueSize: 4, MaxEntries: 1})
	require.NoError(t, s.writer.Close())
	report := run(t, s.file.String(), new(replay.Bpfsim))
	require.Nil(t, report.Difference, "%v", report.Difference)
	require.Equal(t, 1, report.Calls)
	require.Equal(t, map[string]int{"calls-on-objects-of-another-kernel": 1}, report.Beside)
}
