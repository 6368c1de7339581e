package replay_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/profile"
	"github.com/bpfsim/bpfsim/proptest/kernel"
	"github.com/bpfsim/bpfsim/recording"
	"github.com/bpfsim/bpfsim/recording/replay"
	"github.com/bpfsim/bpfsim/syscall"
)

// What was recorded of another series is made again as a program of that series, too: there, a small LRU map loses all it has.
func TestReplayOfASeries(t *testing.T) {
	s := new(session)
	h := recording.NewHeader()
	h.CPUs, h.Caps, h.Linux = 1, bpfsys.Root, "6.1"
	var err error
	s.writer, err = recording.NewWriter(&s.file, h)
	require.NoError(t, err)
	s.recorder = recording.NewRecorder(s.writer, nil)
	s.Caller = bpfsys.NewCaller(bpfsys.NewKernel(bpfsys.Options{CPUs: 1, ZeroSeeds: true, Now: s.recorder.Now, Profile: profile.Of(abi.Linux61)}))
	fd, errno := s.do(bpfsys.MapCreate{Type: abi.LRUHash, KeySize: 4, ValueSize: 4, MaxEntries: 4})
	require.Equal(t, abi.OK, errno)
	room := s.Arena.Alloc(8)
	for i := range byte(5) {
		s.do(bpfsys.MapUpdateElem{FD: fd, Key: s.Arena.Put([]byte{i, 0, 0, 0}), Value: room})
	}
	_, errno = s.do(bpfsys.MapLookupElem{FD: fd, Key: s.Arena.Put([]byte{3, 0, 0, 0}), Value: room})
	require.Equal(t, abi.ENOENT, errno)
	require.NoError(t, s.writer.Close())
	for _, side := range []replay.Side{new(replay.Bpfsim), replay.NewKernel(kernel.NewSim())} {
		report := run(t, s.file.String(), side)
		require.Nil(t, report.Difference, "%v", report.Difference)
	}
}
