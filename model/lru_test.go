package model_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/stretchr/testify/require"
)

// left checks which of the keys 1..last are still in the map.
func (s *session) left(fd int32, last uint32, keys ...uint32) {
	s.t.Helper()
	for key := uint32(1); key <= last; key++ {
		s.elem(fd, u32(key), 0)
		if slices.Contains(keys, key) {
			s.legal(abi.MapLookupElem, 32, 0, abi.OK, poke{valueAt, u64(0)})
		} else {
			s.legal(abi.MapLookupElem, 32, 0, abi.ENOENT)
		}
	}
}

// What is left of a full LRU map of 1..4 after one more update, measured on 6.18 with two CPUs.
func TestLRUVictim(t *testing.T) {
	for _, c := range []struct {
		key   uint32
		flags uint64
		errno abi.Errno
		left  []uint32
	}{
		{2, abi.Any, abi.OK, []uint32{2, 3, 4}},         // an update needs a fresh node first, so it evicts
		{1, abi.Any, abi.OK, []uint32{1, 2, 3, 4}},      // 1 itself is evicted, then inserted as new
		{1, abi.Exist, abi.ENOENT, []uint32{2, 3, 4}},   // for the same reason
		{1, abi.NoExist, abi.OK, []uint32{1, 2, 3, 4}},  // for the same reason
		{3, abi.NoExist, abi.EEXIST, []uint32{2, 3, 4}}, // fails and still evicts
		{50, abi.Exist, abi.ENOENT, []uint32{2, 3, 4}},  // fails and still evicts
		{50, 3, abi.EINVAL, []uint32{1, 2, 3, 4}},       // flags are looked at first
		{9, abi.Any, abi.OK, []uint32{2, 3, 4, 9}},
	} {
		t.Run(fmt.Sprint(c.key, " flags ", c.flags), func(t *testing.T) {
			s := newSession(t, root)
			fd := s.create(smallLRU)
			for key := uint32(1); key <= 4; key++ {
				s.update(fd, key, 0, abi.Any, abi.OK)
			}
			s.found(abi.MapLookupElem, fd, u32(1), 0) // reading through bpf(2) protects nothing
			s.update(fd, c.key, 0, c.flags, c.errno)
			s.left(fd, 10, c.left...)
		})
	}
}

// The reference bit: 2 and 3 were updated, so 1 and 4 go first (measured on 6.18).
func TestLRUReference(t *testing.T) {
	s := newSession(t, root)
	fd := s.create(smallLRU)
	for _, key := range []uint32{1, 2, 3, 4, 2, 3, 5, 6} {
		s.update(fd, key, 0, abi.Any, abi.OK)
	}
	s.left(fd, 6, 2, 3, 5, 6)
}

// The first eviction when only new keys come, on one CPU of two: at which insert, and how many go at once (measured).
func TestLRUFirstEviction(t *testing.T) {
	for _, c := range []struct{ max, flags, insert, gone uint32 }{
		{1, 0, 2, 1}, {2, 0, 3, 1}, {7, 0, 8, 1}, {8, 0, 9, 2}, {16, 0, 17, 4}, {100, 0, 101, 25},
		{512, 0, 513, 128}, {1000, 0, 897, 24}, {100, abi.FlagNoCommonLRU, 51, 4},
	} {
		t.Run(fmt.Sprint(c.max, " flags ", c.flags), func(t *testing.T) {
			s := newSession(t, root)
			fd := s.create(shape{abi.LRUHash, 4, 8, c.max, abi.FlagZeroSeed | c.flags})
			for key := uint32(1); key < c.insert; key++ {
				s.update(fd, key, 0, abi.Any, abi.OK)
			}
			s.found(abi.MapLookupElem, fd, u32(1), 0)
			s.update(fd, c.insert, 0, abi.Any, abi.OK)
			s.absent(fd, 1)
			s.absent(fd, c.gone)
			s.found(abi.MapLookupElem, fd, u32(c.gone+1), 0)
		})
	}
}

// CPU 0 keeps 24 free nodes for itself, so CPU 1 evicts at its insert 76 (max 100, measured).
func TestLRUTwoCPUs(t *testing.T) {
	s := newSession(t, root)
	fd := s.create(shape{abi.LRUHash, 4, 8, 100, abi.FlagZeroSeed})
	s.update(fd, 1000, 0, abi.Any, abi.OK)
	s.cpu = 1
	for key := uint32(1); key <= 75; key++ {
		s.update(fd, key, 0, abi.Any, abi.OK)
	}
	s.found(abi.MapLookupElem, fd, u32(1), 0)
	s.update(fd, 76, 0, abi.Any, abi.OK)
	s.absent(fd, 1)
	s.absent(fd, 25)
	s.found(abi.MapLookupElem, fd, u32(26), 0)
}

// With one node each, CPU 1 finds nothing free and nothing on the global lists, and steals what CPU 0 has pending.
func TestLRUSteal(t *testing.T) {
	s := newSession(t, root)
	fd := s.create(shape{abi.LRUHash, 4, 8, 1, abi.FlagZeroSeed})
	s.update(fd, 1, 0, abi.Any, abi.OK)
	s.cpu = 1
	s.update(fd, 2, 0, abi.Any, abi.OK)
	s.left(fd, 2, 2)
}

// Random updates and deletes on Linux 6.18 with two CPUs, recorded with the order of all keys after most. Lines are
// "map MAX FLAGS", "update CPU KEY FLAGS ERRNO : KEYS" and "delete CPU KEY ERRNO : KEYS", KEYS not always there; BPF_F_ZERO_SEED is implied.
func TestLRURecorded(t *testing.T) {
	recorded, err := os.ReadFile("testdata/lru-6.18.txt")
	require.NoError(t, err)
	s, fd := newSession(t, root), int32(0)
	for line := range strings.Lines(string(recorded)) {
		call, keys, walked := strings.Cut(line, " :")
		var max, flags, key uint32
		var errno abi.Errno
		switch word, rest, _ := strings.Cut(call, " "); word {
		case "map":
			scan(t, rest, &max, &flags)
			fd = s.create(shape{abi.LRUHash, 4, 4, max, flags | abi.FlagZeroSeed})
			continue
		case "update":
			scan(t, rest, &s.cpu, &key, &flags, &errno)
			s.elem(fd, u32(key), uint64(flags))
			s.seen(abi.MapUpdateElem, 32, errno)
		case "delete":
			scan(t, rest, &s.cpu, &key, &errno)
			s.elem(fd, u32(key), 0)
			s.seen(abi.MapDeleteElem, 16, errno)
		}
		if walked {
			s.ordered(fd, keys)
		}
	}
}

func scan(t *testing.T, text string, fields ...any) {
	t.Helper()
	_, err := fmt.Sscan(text, fields...)
	require.NoError(t, err)
}

// seen makes a call whose result must be legal.
func (s *session) seen(cmd abi.Cmd, size uint32, errno abi.Errno, writes ...poke) {
	s.t.Helper()
	states, why := s.next(cmd, size, 0, errno, writes...)
	s.state = one(s.t, states, why)
}

// ordered checks the order of all keys.
func (s *session) ordered(fd int32, keys string) {
	s.t.Helper()
	var key []byte
	for _, word := range strings.Fields(keys) {
		var next uint32
		scan(s.t, word, &next)
		s.elem(fd, key, 0)
		s.seen(abi.MapGetNextKey, 24, abi.OK, poke{valueAt, u32(next)})
		key = u32(next)
	}
	s.elem(fd, key, 0)
	s.seen(abi.MapGetNextKey, 24, abi.ENOENT)
}
