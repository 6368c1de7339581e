package replay_test

import (
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/kernel"
	"github.com/bpfsim/bpfsim/recording/replay"
	"github.com/bpfsim/bpfsim/syscall"
)

// What lies behind a string in a program's memory, where its environment is when the string is an argument, is not in a recording.
func TestNothingBehindStringsIsRecorded(t *testing.T) {
	s := newSession(t, 2)
	const secret = "TOKEN=hunter2"
	fd, _ := s.do(bpfsys.MapCreate{Type: abi.Hash, KeySize: 4, ValueSize: 4, MaxEntries: 1})
	path := s.Arena.Put([]byte("/sys/fs/bpf/m\x00" + secret))
	_, errno := s.do(bpfsys.ObjPin{Pathname: path, FD: fd})
	require.Equal(t, abi.OK, errno)
	_, errno = s.do(bpfsys.ObjGet{Pathname: path})
	require.Equal(t, abi.OK, errno)
	insns := s.Arena.Put([]byte{0xb7, 0, 0, 0, 0, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0})
	_, errno = s.do(bpfsys.ProgLoad{Type: abi.ProgXDP, InsnCnt: 2, Insns: insns, License: s.Arena.Put([]byte("GPL\x00" + secret))})
	require.Equal(t, abi.OK, errno)
	_, errno = s.do(bpfsys.RawTracepointOpen{Name: s.Arena.Put([]byte("sys_enter\x00" + secret)), ProgFD: 5})
	require.NotEqual(t, abi.OK, errno)
	require.NoError(t, s.writer.Close())
	text := s.file.String()
	require.NotContains(t, text, hex.EncodeToString([]byte("hunter2")))
	require.Contains(t, text, hex.EncodeToString([]byte("/sys/fs/bpf/m\x00")))
	for _, side := range []replay.Side{new(replay.Bpfsim), replay.NewKernel(kernel.NewSim())} {
		report := run(t, text, side)
		require.Nil(t, report.Difference, "%v", report.Difference)
	}
}
