package replay_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/kernel"
	"github.com/bpfsim/bpfsim/recording"
	"github.com/bpfsim/bpfsim/recording/replay"
	"github.com/bpfsim/bpfsim/syscall"
)

// shared is memory that a program has mapped.
type shared struct {
	words  []atomic.Uint64
	writes bool // through a mapping
}

func (s *shared) Words() []atomic.Uint64 { return s.words }
func (s *shared) Free()                  {}
func (s *shared) Freeze() abi.Errno {
	if s.writes {
		return abi.EBUSY
	}
	return abi.OK
}

// What a program stores through a mapping is there when the calls are made again, and so is what a mapping forbids.
func TestReplayOfStores(t *testing.T) {
	s := newSession(t, 2)
	memory := new(shared)
	s.Process.Backing = func(words uint64) (bpfsys.Backing, abi.Errno) {
		memory.words = make([]atomic.Uint64, words)
		return memory, abi.OK
	}
	key, value, room := s.Arena.Put([]byte{1, 0, 0, 0}), s.Arena.Put([]byte("abcdefghijkl")), s.Arena.Alloc(12)
	fd, errno := s.do(bpfsys.MapCreate{Type: abi.Array, KeySize: 4, ValueSize: 12, MaxEntries: 3, Flags: abi.FlagMmapable})
	require.Equal(t, abi.OK, errno)
	memory.words[2].Store(0x0807060504030201)
	memory.writes = true
	s.do(bpfsys.MapLookupElem{FD: fd, Key: key, Value: room})
	s.do(bpfsys.MapUpdateElem{FD: fd, Key: key, Value: value})
	s.do(bpfsys.MapFreeze{FD: fd})
	memory.words[3].Store(0x11111111)
	s.do(bpfsys.MapLookupElem{FD: fd, Key: key, Value: room})
	memory.writes = false
	s.do(bpfsys.MapFreeze{FD: fd})
	require.NoError(t, s.writer.Close())

	text := s.file.String()
	require.Equal(t, 2, strings.Count(text, "\nstored map:1,1,"), "what calls change is no store")
	report := run(t, text, new(replay.Bpfsim))
	require.Nil(t, report.Difference, "%v", report.Difference)

	freeze := strings.Index(text, " BPF_MAP_FREEZE")
	before := text[:strings.LastIndex(text[:freeze], "\n")+1]
	report = run(t, before, replay.NewKernel(kernel.NewSim()))
	require.Nil(t, report.Difference, "%v", report.Difference)

	path := masked(t, text)
	r, file, err := recording.Open(path)
	require.NoError(t, err)
	defer file.Close()
	report, err = replay.Run(context.Background(), r, new(replay.Bpfsim))
	require.NoError(t, err)
	require.Nil(t, report.Difference, "%v", report.Difference)
}
