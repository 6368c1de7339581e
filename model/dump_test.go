package model_test

import (
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/model"
	"github.com/stretchr/testify/require"
)

// dump writes the attr of MAP_DUMP: records go to valueAt, their length to outAt.
func (s *session) dump(fd int32, prev uint64, room uint32) {
	s.put(attr(40, map[int][]byte{0: u32(uint32(fd)), 8: u64(prev), 16: u64(valueAt), 24: u64(outAt)}), poke{outAt, u32(room)})
}

func records(keys ...uint32) poke {
	p := poke{addr: valueAt}
	for _, key := range keys {
		p.bytes = append(append(p.bytes, u32(key)...), u64(uint64(key*10))...)
	}
	return p
}

func TestDump(t *testing.T) {
	s := newSession(t, root)
	fd := s.filled() // 10 4 1 9
	s.dump(fd, 0, 11)
	s.legal(abi.MapDump, 40, 0, abi.EINVAL)
	s.dump(fd, 0, 25)
	s.legal(abi.MapDump, 40, 0, abi.OK, records(10, 4), poke{outAt, u32(24)})
	s.put(poke{inAt, u32(4)})
	s.dump(fd, inAt, 12)
	s.legal(abi.MapDump, 40, 0, abi.OK, records(1), poke{inAt, u32(1)})
	s.dump(fd, inAt, 100)
	s.legal(abi.MapDump, 40, 0, abi.OK, records(9), poke{outAt, u32(12)}, poke{inAt, u32(9)})
	s.dump(fd, inAt, 100)
	s.legal(abi.MapDump, 40, 0, abi.ENOENT)
	s.dump(fd, inAt, 12)
	s.put(poke{attrAt + abi.DumpFlags, u64(abi.Lock)}) // behind the last field
	s.legal(abi.MapDump, 40, 0, abi.EINVAL)
	s.dump(fd, nowhere, 12)
	s.legal(abi.MapDump, 40, 0, abi.EFAULT)
	s.dump(s.create(smallQueue), 0, 12)
	s.legal(abi.MapDump, 40, 0, abi.ENOTSUPP)
}

// A fault in a record ends the call; buf_len is not written.
func TestDumpFault(t *testing.T) {
	s := newSession(t, root)
	fd := s.filled()
	s.dump(fd, 0, 48)
	s.put(poke{attrAt + abi.DumpBuf, u64(endOfRW - 16)})
	s.legal(abi.MapDump, 40, 0, abi.EFAULT,
		poke{endOfRW - 16, append(append(u32(10), u64(100)...), u32(4)...)})
}

// keys runs a dump loop over answers: each next key is taken from order, and keys in vanish are gone when looked up.
func keys(l *model.DumpLoop, next func(cursor []byte) (uint32, bool), vanish func(key uint32) bool) ([]uint32, model.DumpStep) {
	var seen []uint32
	for {
		step := l.Ask()
		switch step.Kind {
		case model.AskNextKey:
			if key, ok := next(step.Key); ok {
				l.Answer(u32(key), abi.OK)
			} else {
				l.Answer(nil, abi.ENOENT)
			}
		case model.AskLookup:
			if vanish(uint32(step.Key[0])) {
				l.Answer(nil, abi.ENOENT)
			} else {
				l.Answer([]byte{7}, abi.OK)
			}
		case model.AskCopy:
			seen = append(seen, uint32(step.Record[0]))
			l.Copied(true)
		default:
			return seen, step
		}
	}
}

// The map holds 1, 2, 3; 2 vanishes between its NEXT_KEY and its LOOKUP. After a record the vanished key is the cursor,
// so the walk starts over and returns 1 twice; as the first key it is skipped.
func TestDumpLoopAliasing(t *testing.T) {
	for _, c := range []struct {
		name   string
		prev   []byte
		want   []uint32
		cursor uint32
	}{
		{"after a record", nil, []uint32{1, 1, 3}, 3},
		{"before any record", u32(1), []uint32{3}, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			gone := false
			next := func(cursor []byte) (uint32, bool) {
				switch {
				case cursor == nil || cursor[0] == 2 && gone:
					return 1, true
				case cursor[0] == 1 && !gone:
					return 2, true
				case cursor[0] == 3:
					return 0, false
				}
				return 3, true
			}
			got, end := keys(model.NewDumpLoop(4, 1, 100, c.prev), next, func(key uint32) bool {
				gone = gone || key == 2
				return key == 2
			})
			require.Equal(t, c.want, got)
			require.Equal(t, model.DumpStep{
				Kind: model.AskDone, Key: u32(c.cursor), Offset: uint32(5 * len(c.want)),
			}, end)
		})
	}
}

// When all is gone after the first record, the vanished key is what prev_key becomes.
func TestDumpLoopVanishedLast(t *testing.T) {
	asked := uint32(0)
	got, end := keys(model.NewDumpLoop(4, 1, 100, nil),
		func([]byte) (uint32, bool) { asked++; return asked, asked <= 2 }, func(key uint32) bool { return key == 2 })
	require.Equal(t, []uint32{1}, got)
	require.Equal(t, model.DumpStep{Kind: model.AskDone, Key: u32(2), Offset: 5}, end)
}
