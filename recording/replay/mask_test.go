package replay_test

import (
	"context"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/recording"
	"github.com/bpfsim/bpfsim/recording/replay"
	"github.com/bpfsim/bpfsim/syscall"
)

// personal is a run whose keys, values, names and paths are all to be hidden.
func personal(t *testing.T) string {
	t.Helper()
	s := newSession(t, 2)
	path := s.Arena.Put([]byte("/sys/fs/bpf/alice-pin\x00"))
	for _, typ := range []abi.MapType{abi.Hash, abi.LRUHash, abi.PerCPUHash, abi.LPMTrie, abi.Queue, abi.BloomFilter, abi.Array} {
		m := bpfsys.MapCreate{Type: typ, KeySize: 9, ValueSize: 8, MaxEntries: 8, Name: bpfsys.NameOf("alices_map")}
		switch typ {
		case abi.LPMTrie:
			m.Flags = abi.FlagNoPrealloc
		case abi.Queue, abi.BloomFilter:
			m.KeySize = 0
		case abi.Array:
			m.KeySize = 4
		}
		fd, errno := s.do(m)
		require.Equal(t, abi.OK, errno, typ)
		keys := []string{"alice-000", "alice-001", "alice-000"}
		for _, k := range keys {
			key := []byte(k)
			switch typ {
			case abi.LPMTrie:
				key = append([]byte{40, 0, 0, 0}, "alice"...)
			case abi.Array:
				key = []byte{1, 0, 0, 0}
			}
			at, value, room := s.Arena.Put(key), s.Arena.Put([]byte("aliceValaliceVal")), s.Arena.Alloc(16)
			if m.KeySize == 0 {
				at = 0
			}
			s.do(bpfsys.MapUpdateElem{FD: fd, Key: at, Value: value})
			s.do(bpfsys.MapLookupElem{FD: fd, Key: at, Value: room})
			s.do(bpfsys.MapGetNextKey{FD: fd, NextKey: room})
		}
	}
	key, value, count := s.Arena.Put([]byte("alice-005alice-006")), s.Arena.Put([]byte("aliceValaliceVal")), uint32(2)
	s.do(bpfsys.MapUpdateBatch{FD: 3, Keys: key, Values: value, Count: count})
	s.do(bpfsys.ObjPin{Pathname: path, FD: 3})
	s.do(bpfsys.ObjGet{Pathname: path})
	require.NoError(t, s.writer.Close())
	return s.file.String()
}

func masked(t *testing.T, text string) (path string) {
	t.Helper()
	r, err := recording.NewReader(strings.NewReader(text))
	require.NoError(t, err)
	path = filepath.Join(t.TempDir(), "masked.rec")
	require.NoError(t, replay.Mask(context.Background(), r, new(replay.Bpfsim), path))
	return path
}

func calls(t *testing.T, text string) (all []*recording.Call) {
	t.Helper()
	r, err := recording.NewReader(strings.NewReader(text))
	require.NoError(t, err)
	entries, err := replay.Load(r, 0)
	require.NoError(t, err)
	for _, e := range entries {
		if c, ok := e.(*recording.Call); ok {
			all = append(all, c)
		}
	}
	return all
}

// Nothing personal is left, results are what they were, and the masked recording replays.
func TestMask(t *testing.T) {
	text := personal(t)
	hidden := []string{"alice", hex.EncodeToString([]byte("alice"))[2:], hex.EncodeToString([]byte("aliceVal"))}
	for _, h := range hidden {
		require.Contains(t, text, h)
	}
	out, err := os.ReadFile(masked(t, text))
	require.NoError(t, err)
	for _, h := range hidden {
		require.NotContains(t, string(out), h)
	}
	was, is := calls(t, text), calls(t, string(out))
	require.Len(t, is, len(was))
	for i := range was {
		require.Equal(t, was[i].Errno, is[i].Errno, "%s", was[i])
		require.Equal(t, was[i].Ret, is[i].Ret)
	}
	report := run(t, string(out), new(replay.Bpfsim))
	require.Nil(t, report.Difference, "%v", report.Difference)
	other, err := os.ReadFile(masked(t, text))
	require.NoError(t, err)
	require.NotEqual(t, string(out), string(other), "each time by another secret")
}

// The header tells whose it is no longer either.
func TestMaskHeader(t *testing.T) {
	h := recording.NewHeader()
	h.CPUs, h.Command, h.UID, h.BPFFS = 1, []string{"/home/alice/agent", "--user=alice"}, 1234, "/tmp/alice/bpf"
	path := filepath.Join(t.TempDir(), "x.rec")
	require.NoError(t, recording.Save(path, h, nil))
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	out, err := os.ReadFile(masked(t, string(text)))
	require.NoError(t, err)
	require.NotContains(t, string(out), "alice")
	require.NotContains(t, string(out), "1234")
	require.Contains(t, string(out), `"masked":true`)
}
