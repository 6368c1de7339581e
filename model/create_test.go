package model_test

import (
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/model"
)

// One defect in a valid attr (key 4, value 8, 4 entries; queues without key), measured on 6.18.
func TestCreateErrno(t *testing.T) {
	u32At := func(offset int, v uint32) poke { return poke{attrAt + uint64(offset), u32(v)} }
	for _, c := range []struct {
		name                    string
		change                  poke
		hash, lru, array, queue abi.Errno
	}{
		{"key size 0", u32At(4, 0), abi.EINVAL, abi.EINVAL, abi.EINVAL, abi.OK},
		{"key size 5", u32At(4, 5), abi.OK, abi.OK, abi.EINVAL, abi.EINVAL},
		{"key size 1<<30", u32At(4, 1<<30), abi.E2BIG, abi.E2BIG, abi.EINVAL, abi.EINVAL},
		{"value size 0", u32At(8, 0), abi.EINVAL, abi.EINVAL, abi.EINVAL, abi.EINVAL},
		{"value size 4194305", u32At(8, 4194305), abi.E2BIG, abi.E2BIG, abi.OK, abi.E2BIG},
		{"value size 1<<31", u32At(8, 1<<31), abi.E2BIG, abi.E2BIG, abi.E2BIG, abi.E2BIG},
		{"no entries", u32At(12, 0), abi.EINVAL, abi.EINVAL, abi.EINVAL, abi.EINVAL},
		{"no preallocation", u32At(16, abi.FlagNoPrealloc), abi.OK, abi.ENOTSUPP, abi.EINVAL, abi.EINVAL},
		{"no common LRU", u32At(16, abi.FlagNoCommonLRU), abi.EINVAL, abi.OK, abi.EINVAL, abi.EINVAL},
		{"node 0", u32At(16, abi.FlagNUMANode), abi.OK, abi.OK, abi.OK, abi.OK},
		{"read and write", u32At(16, abi.FlagReadOnly|abi.FlagWriteOnly), abi.EINVAL, abi.EINVAL, abi.EINVAL, abi.EINVAL},
		{"mmapable", u32At(16, abi.FlagMmapable), abi.EINVAL, abi.EINVAL, abi.OK, abi.EINVAL},
		{"zero seed", u32At(16, abi.FlagZeroSeed), abi.OK, abi.OK, abi.EINVAL, abi.EINVAL},
		{"token not open", u32At(16, abi.FlagTokenFD), abi.EBADF, abi.EBADF, abi.EBADF, abi.EBADF},
		{"device lo", u32At(44, 1), abi.EOPNOTSUPP, abi.EINVAL, abi.EOPNOTSUPP, abi.EINVAL},
		{"BTF not open", u32At(56, 1), abi.EBADF, abi.EBADF, abi.EBADF, abi.EBADF},
		{"BTF key alone", u32At(52, 1), abi.EINVAL, abi.EINVAL, abi.EINVAL, abi.EINVAL},
		{"map extra", u32At(64, 1), abi.EINVAL, abi.EINVAL, abi.EINVAL, abi.EINVAL},
		{"name with a dash", poke{attrAt + 28, []byte("a-b")}, abi.EINVAL, abi.EINVAL, abi.EINVAL, abi.EINVAL},
		{"Latin-1 name", poke{attrAt + 28, []byte{0xe9}}, abi.OK, abi.OK, abi.OK, abi.OK},
		{"multiplication sign", poke{attrAt + 28, []byte{0xd7}}, abi.EINVAL, abi.EINVAL, abi.EINVAL, abi.EINVAL},
		{"long name", poke{attrAt + 28, []byte("0123456789012345")}, abi.EINVAL, abi.EINVAL, abi.EINVAL, abi.EINVAL},
		{"hash size alone", u32At(88, 32), abi.EINVAL, abi.EINVAL, abi.EINVAL, abi.EINVAL},
		{"type 34", u32At(0, 34), abi.EINVAL, abi.EINVAL, abi.EINVAL, abi.EINVAL},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSession(t, root)
			for kind, want := range map[abi.MapType]abi.Errno{
				abi.Hash: c.hash, abi.LRUHash: c.lru, abi.Array: c.array, abi.Queue: c.queue, abi.Stack: c.queue,
			} {
				m := shape{kind, 4, 8, 4, 0}
				if kind == abi.Queue || kind == abi.Stack {
					m.key = 0
				}
				s.put(attr(92, m.attr()), c.change, poke{attrAt + abi.CreateMapTokenFD, u32(77)}, poke{attrAt + abi.CreateBTFFD, u32(77)})
				s.fd++
				s.legal(abi.MapCreate, 92, s.fd, want)
			}
		})
	}
}

// Of two defects the earlier check answers (measured on 6.18).
func TestCreateCheckOrder(t *testing.T) {
	s := newSession(t, root)
	base := shape{abi.Hash, 4, 8, 4, abi.FlagTokenFD}.attr()
	base[abi.CreateMapTokenFD] = u32(77)
	s.put(attr(92, base), poke{attrAt + 4, u32(1 << 30)})
	s.legal(abi.MapCreate, 92, 0, abi.E2BIG) // the type before the token
	s.put(attr(92, base), poke{attrAt + 28, []byte("a-b")})
	s.legal(abi.MapCreate, 92, 0, abi.EBADF) // the token before the name
	base = shape{abi.Hash, 4, 8, 1<<27 + 1, abi.FlagNoPrealloc}.attr()
	s.put(attr(92, base), poke{attrAt + 28, []byte("a-b")})
	s.legal(abi.MapCreate, 92, 0, abi.E2BIG) // allocation before the name
	s.put(poke{attrAt + abi.CreateMaxEntries, u32(1 << 27)})
	s.legal(abi.MapCreate, 92, 0, abi.EINVAL) // the most buckets there may be
	s.put(attr(92, shape{abi.LRUHash, 4, 8, 1<<32 - 1, abi.FlagNoCommonLRU}.attr()))
	s.legal(abi.MapCreate, 92, 0, abi.E2BIG) // rounding up to the CPUs would overflow
	base = shape{abi.Hash, 4, 8, 4, 0}.attr()
	s.put(attr(92, base), poke{attrAt + 28, []byte("a-b")}, poke{attrAt + 56, u32(1)}, poke{attrAt + 48, u32(77)})
	s.legal(abi.MapCreate, 92, 0, abi.EINVAL) // the name before BTF
	s.put(attr(92, base), poke{attrAt + 80, u64(nowhere)}, poke{attrAt + 88, u32(32)})
	s.legal(abi.MapCreate, 92, 0, abi.EFAULT)
}

// Without capabilities (measured as uid 65534): the checks of the fields come first.
func TestCreateUnprivileged(t *testing.T) {
	s := newSession(t, model.Config{CPUs: 2})
	s.put(attr(92, smallHash.attr()))
	s.legal(abi.MapCreate, 92, 0, abi.EPERM)
	s.put(poke{attrAt + 4, u32(0)})
	s.legal(abi.MapCreate, 92, 0, abi.EPERM) // ZERO_SEED first of all
	s.put(poke{attrAt + 16, u32(0)})
	s.legal(abi.MapCreate, 92, 0, abi.EINVAL)
	s.put(poke{attrAt + 4, u32(1 << 30)})
	s.legal(abi.MapCreate, 92, 0, abi.E2BIG)
	s.put(attr(12, nil))
	s.legal(abi.MapGetNextID, 8, 0, abi.EPERM)
	s.legal(abi.MapGetFDByID, 12, 0, abi.EPERM)
}

// The kernel may choose any fd but one that is open.
func TestCreateFD(t *testing.T) {
	s := newSession(t, root)
	s.state = s.state.OpenForeign(7)
	s.put(attr(92, smallHash.attr()))
	s.illegal(abi.MapCreate, 92, 7, abi.OK)
	s.illegal(abi.MapCreate, 92, -3, abi.OK)
	s.legal(abi.MapCreate, 92, 12, abi.OK)
	s.illegal(abi.MapCreate, 92, 12, abi.OK)
	s.state = s.state.Close(12)
	s.legal(abi.MapCreate, 92, 12, abi.OK)
}

// What 6.12 does not know: attr ends at 152, MAP_CREATE at 80, commands at 37.
func TestRelease612(t *testing.T) {
	c := root
	c.Release = abi.Linux612
	s := newSession(t, c)
	s.put(attr(168, smallHash.attr()), poke{attrAt + abi.CreateExclProgHashSize, u32(1)})
	s.legal(abi.MapCreate, 92, 0, abi.EINVAL)
	s.put(attr(168, smallHash.attr()), poke{attrAt + 152, []byte{1}})
	s.legal(abi.MapCreate, 168, 0, abi.E2BIG)
	s.legal(abi.ProgStreamReadByFD, 16, 0, abi.EINVAL)
}
