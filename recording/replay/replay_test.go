package replay_test

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
	"github.com/bpfsim/bpfsim/recording"
	"github.com/bpfsim/bpfsim/recording/replay"
	"github.com/bpfsim/bpfsim/syscall"
)

// session is a process whose calls are recorded.
type session struct {
	*bpfsys.Caller
	recorder *recording.Recorder
	writer   *recording.Writer
	file     bytes.Buffer
}

func newSession(t testing.TB) *session {
	t.Helper()
	s := new(session)
	h := recording.NewHeader()
	h.CPUs, h.Caps = 2, bpfsys.Root
	var err error
	s.writer, err = recording.NewWriter(&s.file, h)
	require.NoError(t, err)
	s.recorder = recording.NewRecorder(s.writer, nil)
	s.Caller = bpfsys.NewCaller(bpfsys.NewKernel(bpfsys.Options{CPUs: 2, ZeroSeeds: true, Now: s.recorder.Now}))
	return s
}

// do makes a recorded call.
func (s *session) do(args bpfsys.Args) (int32, abi.Errno) {
	attr := args.Encode()
	at := s.Arena.Put(attr[:])
	p := *s.Process
	e := s.recorder.Turn()
	e.Begin(recording.Caller{Process: 10, Thread: 11}, &p, args.Cmd(), at, abi.AttrSize)
	ret, errno := s.Kernel.Bpf(s.Task, &p, uint32(args.Cmd()), at, abi.AttrSize)
	e.End(ret, errno)
	return ret, errno
}

// close closes the last fd of a file.
func (s *session) close(fd int32) {
	files := s.Process.Files.(*bpfsys.FDTable)
	file, _ := files.Get(fd)
	s.recorder.Gone(file)
	files.Close(fd)
}

// recorded is a run that fills maps, walks them, pins, and lets maps go.
func recorded(t testing.TB) string {
	t.Helper()
	s := newSession(t)
	key, value, room := s.Arena.Alloc(4), s.Arena.Alloc(8), s.Arena.Alloc(8)
	path := s.Arena.Put([]byte("/pin\x00"))
	s.do(bpfsys.MapCreate{Type: abi.Array, KeySize: 4, ValueSize: 8, MaxEntries: 2})
	s.close(3)
	fd, _ := s.do(bpfsys.MapCreate{Type: abi.Hash, KeySize: 4, ValueSize: 8, MaxEntries: 8, Name: bpfsys.NameOf("ct")})
	for i := range byte(12) {
		s.Arena.Write(key, []byte{i % 10, 0, 0, 0})
		s.Arena.Write(value, []byte{i, 1, 2, 3, 4, 5, 6, 7})
		s.do(bpfsys.MapUpdateElem{FD: fd, Key: key, Value: value})
	}
	s.do(bpfsys.MapLookupElem{FD: fd, Key: key, Value: room})
	s.do(bpfsys.MapDeleteElem{FD: fd, Key: key})
	s.do(bpfsys.MapLookupElem{FD: fd, Key: key, Value: room})
	s.do(bpfsys.MapLookupElem{FD: fd, Key: 1, Value: room})
	s.do(bpfsys.MapGetNextKey{FD: fd, NextKey: key})
	for errno := abi.OK; errno == abi.OK; {
		_, errno = s.do(bpfsys.MapGetNextKey{FD: fd, Key: key, NextKey: key})
	}
	s.do(bpfsys.ObjPin{Pathname: path, FD: fd})
	s.close(fd)
	s.do(bpfsys.ObjGet{Pathname: path})
	s.do(bpfsys.MapGetNextID{})
	require.NoError(t, s.writer.Close())
	return s.file.String()
}

func run(t *testing.T, text string, side replay.Side) *replay.Report {
	t.Helper()
	r, err := recording.NewReader(strings.NewReader(text))
	require.NoError(t, err)
	report, err := replay.Run(context.Background(), r, side)
	require.NoError(t, err)
	return report
}

func TestReplayIsTheSame(t *testing.T) {
	text := recorded(t)
	report := run(t, text, new(replay.Bpfsim))
	require.Nil(t, report.Difference, "%v", report.Difference)
	require.Equal(t, strings.Count(text, " BPF_"), report.Calls)
	require.Empty(t, report.CutOff)
}

// A cut-off recording is replayed as far as it goes, and that is said.
func TestReplayCutOff(t *testing.T) {
	text := recorded(t)
	report := run(t, text[:len(text)-50], new(replay.Bpfsim))
	require.Nil(t, report.Difference)
	require.NotEmpty(t, report.CutOff)
}

// forgetful is a hash map that answers a wrong errno to a key that was deleted.
type forgetful struct {
	maps.Map
	elements
	deleted bool
}

type elements interface {
	maps.Lookuper
	maps.Updater
	maps.NextKeyer
}

func (f *forgetful) Delete(t *maps.Task, key []byte) abi.Errno {
	f.deleted = true
	return f.Map.(maps.Deleter).Delete(t, key)
}

func (f *forgetful) Lookup(t *maps.Task, key, value []byte) abi.Errno {
	errno := f.elements.Lookup(t, key, value)
	if errno == abi.ENOENT && f.deleted {
		return abi.EINVAL
	}
	return errno
}

func newForgetful(s maps.Spec) (maps.Map, abi.Errno) {
	m, errno := maps.New(s)
	if e, ok := m.(elements); ok && s.Type == abi.Hash {
		return &forgetful{Map: m, elements: e}, errno
	}
	return m, errno
}

// What a kernel answers otherwise is found at its call, with both answers.
func TestReplayFindsAMistake(t *testing.T) {
	report := run(t, recorded(t), &replay.Bpfsim{NewMap: newForgetful})
	require.NotNil(t, report.Difference)
	require.Equal(t, abi.MapLookupElem, report.Difference.Call.Cmd)
	require.Equal(t, abi.ENOENT, report.Difference.Call.Errno)
	text := report.Difference.String()
	require.Contains(t, text, "recorded: ENOENT\n  bpfsim: EINVAL\n")
}
