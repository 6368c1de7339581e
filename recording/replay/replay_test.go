package replay_test

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
	"github.com/bpfsim/bpfsim/proptest/kernel"
	"github.com/bpfsim/bpfsim/proptest/program"
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

func newSession(t testing.TB, cpus int) *session {
	t.Helper()
	s := new(session)
	h := recording.NewHeader()
	h.CPUs, h.Caps = cpus, bpfsys.Root
	var err error
	s.writer, err = recording.NewWriter(&s.file, h)
	require.NoError(t, err)
	s.recorder = recording.NewRecorder(s.writer, nil)
	s.Caller = bpfsys.NewCaller(bpfsys.NewKernel(bpfsys.Options{CPUs: cpus, ZeroSeeds: true, Now: s.recorder.Now}))
	return s
}

// do makes a recorded call.
func (s *session) do(args bpfsys.Args) (int32, abi.Errno) { return s.doSized(args, abi.AttrSize) }

// doSized makes one whose attr has so many bytes.
func (s *session) doSized(args bpfsys.Args, size uint32) (int32, abi.Errno) {
	attr := args.Encode()
	at := s.Arena.Put(attr[:])
	p := *s.Process
	e := s.recorder.Turn()
	e.On(s.Kernel)
	e.Begin(recording.Caller{Process: 10, Thread: 11}, &p, args.Cmd(), at, size)
	ret, errno := s.Kernel.Bpf(s.Task, &p, uint32(args.Cmd()), at, size)
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
	return recordedFor(t, 2)
}

// recordedFor is recorded on a machine of so many CPUs.
func recordedFor(t testing.TB, cpus int) string {
	t.Helper()
	s := newSession(t, cpus)
	key, value, room := s.Arena.Alloc(4), s.Arena.Alloc(8), s.Arena.Alloc(8)
	path := s.Arena.Put([]byte("/sys/fs/bpf/pin\x00"))
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

// Recorded calls as steps of a program, on bpfsim, are answered alike, and so are those of a real run on Linux.
func TestReplayAsProgram(t *testing.T) {
	text := recorded(t)
	report := run(t, text, replay.NewKernel(kernel.NewSim()))
	require.Nil(t, report.Difference, "%v", report.Difference)
	require.Empty(t, report.NotMade)
	require.Equal(t, strings.Count(text, " BPF_"), report.Calls)

	mistaken := kernel.NewSim()
	mistaken.NewMap = newForgetful
	report = run(t, text, replay.NewKernel(mistaken))
	require.NotNil(t, report.Difference)
	require.Contains(t, report.Difference.String(), "recorded: ENOENT\n  bpfsim: EINVAL\n")
}

// A mistake that takes a creation, a deletion and a lookup is shrunk to these.
func TestShrink(t *testing.T) {
	for name, side := range map[string]func() replay.Side{
		"as recorded": func() replay.Side { return &replay.Bpfsim{NewMap: newForgetful} },
		"as a program": func() replay.Side {
			k := kernel.NewSim()
			k.NewMap = newForgetful
			return replay.NewKernel(k)
		},
	} {
		t.Run(name, func(t *testing.T) {
			text := recorded(t)
			d := run(t, text, side()).Difference
			require.NotNil(t, d)
			r, err := recording.NewReader(strings.NewReader(text))
			require.NoError(t, err)
			entries, err := replay.Load(r, d.Number)
			require.NoError(t, err)
			tried := 0
			small, err := replay.Shrink(context.Background(), r.Header, entries, d, side(), func(_, n int) { tried = n })
			require.NoError(t, err)
			require.Positive(t, tried)
			var cmds []abi.Cmd
			for _, e := range small {
				cmds = append(cmds, e.(*recording.Call).Cmd)
			}
			require.Equal(t, []abi.Cmd{abi.MapCreate, abi.MapUpdateElem, abi.MapDeleteElem, abi.MapLookupElem}, cmds)

			path := filepath.Join(t.TempDir(), "small.rec")
			require.NoError(t, recording.Save(path, r.Header, small))
			again, file, err := recording.Open(path)
			require.NoError(t, err)
			defer file.Close()
			report, err := replay.Run(context.Background(), again, side())
			require.NoError(t, err)
			require.Equal(t, d.Answer.Errno, report.Difference.Answer.Errno)
			require.Equal(t, 4, report.Difference.Number)
		})
	}
}

// What changes a map is not left out where the specification cannot say what is right: here it takes the recorded answer for wrong.
func TestShrinkWithoutSpecification(t *testing.T) {
	s := newSession(t, 2)
	key, room := s.Arena.Put([]byte{1, 0, 0, 0}), s.Arena.Put(make([]byte, 8))
	other, _ := s.do(bpfsys.MapCreate{Type: abi.Array, KeySize: 4, ValueSize: 8, MaxEntries: 2})
	fd, _ := s.do(bpfsys.MapCreate{Type: abi.Hash, KeySize: 4, ValueSize: 8, MaxEntries: 8})
	s.do(bpfsys.MapUpdateElem{FD: fd, Key: key, Value: room})
	s.do(bpfsys.MapUpdateElem{FD: other, Key: key, Value: room})
	s.do(bpfsys.MapUpdateElem{FD: fd, Key: s.Arena.Put([]byte{2, 0, 0, 0}), Value: room})
	s.do(bpfsys.MapLookupElem{FD: fd, Key: key, Value: room})
	require.NoError(t, s.writer.Close())
	r, err := recording.NewReader(strings.NewReader(s.file.String()))
	require.NoError(t, err)
	entries, err := replay.Load(r, 0)
	require.NoError(t, err)
	last := entries[len(entries)-1].(*recording.Call)
	last.Errno, last.Wrote = abi.ESRCH, nil // no kernel says so
	d := &replay.Difference{Number: 6, Call: last, Answer: replay.Answer{Wrote: []program.Write{{Addr: room, Bytes: make([]byte, 8)}}}}
	small, err := replay.Shrink(context.Background(), r.Header, entries, d, new(replay.Bpfsim), nil)
	require.NoError(t, err)
	require.Equal(t, []any{entries[1], entries[2], entries[4], last}, small)
}

// blind never finds what was put.
type blind struct{ *forgetful }

func (blind) Lookup(*maps.Task, []byte, []byte) abi.Errno { return abi.ENOENT }

func newBlind(s maps.Spec) (maps.Map, abi.Errno) {
	m, errno := newForgetful(s)
	if f, ok := m.(*forgetful); ok {
		return blind{f}, errno
	}
	return m, errno
}

// What makes the recorded answer right stays: without the update, ENOENT would be right.
func TestShrinkKeepsWhatIsRight(t *testing.T) {
	text, side := recorded(t), &replay.Bpfsim{NewMap: newBlind}
	d := run(t, text, side).Difference
	require.NotNil(t, d)
	r, err := recording.NewReader(strings.NewReader(text))
	require.NoError(t, err)
	entries, err := replay.Load(r, d.Number)
	require.NoError(t, err)
	small, err := replay.Shrink(context.Background(), r.Header, entries, d, side, nil)
	require.NoError(t, err)
	require.Len(t, small, 3)
	require.Equal(t, abi.MapUpdateElem, small[1].(*recording.Call).Cmd)
}

// scribbler is bpfsim that writes where it should not.
type scribbler struct{ *kernel.Sim }

func (s scribbler) Bpf(cpu int, c program.Call, during func(int)) kernel.Outcome {
	out := s.Sim.Bpf(cpu, c, during)
	if c.Cmd == abi.MapDeleteElem {
		s.Arena().Poke(c.Memory[0].Addr, []byte{0xee, 0xef})
	}
	return out
}

// Bytes that nobody wrote when the call was recorded are told.
func TestReplayFindsStrayWrites(t *testing.T) {
	report := run(t, recorded(t), replay.NewKernel(scribbler{kernel.NewSim()}))
	require.NotNil(t, report.Difference)
	require.Equal(t, abi.MapDeleteElem, report.Difference.Call.Cmd)
	require.Contains(t, report.Difference.String(), "=eeef\n", "in one piece")
}

// A map whose only pin is removed is gone.
func TestReplayUnpinned(t *testing.T) {
	s := newSession(t, 2)
	path := s.Arena.Put([]byte("/sys/fs/bpf/pin\x00"))
	fd, _ := s.do(bpfsys.MapCreate{Type: abi.Array, KeySize: 4, ValueSize: 8, MaxEntries: 2})
	s.do(bpfsys.ObjPin{Pathname: path, FD: fd})
	file, _ := s.Process.Files.Get(fd)
	pinned := file.Object()
	s.close(fd)
	s.do(bpfsys.MapGetNextID{})
	s.recorder.Unpinned(pinned)
	require.Equal(t, abi.OK, s.Process.FS.(*bpfsys.FileTree).Unlink("/sys/fs/bpf/pin"))
	_, errno := s.do(bpfsys.MapGetNextID{})
	require.Equal(t, abi.ENOENT, errno)
	require.NoError(t, s.writer.Close())
	for _, side := range []replay.Side{new(replay.Bpfsim), replay.NewKernel(kernel.NewSim())} {
		report := run(t, s.file.String(), side)
		require.Nil(t, report.Difference, "%v", report.Difference)
		require.Equal(t, 4, report.Calls)
	}
}
