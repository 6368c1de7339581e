package model_test

import (
	"bytes"
	"crypto/sha256"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/model"
)

const lengthAt = attrAt + abi.InfoLen

// info writes the attr of OBJ_GET_INFO_BY_FD and what the caller's buffer holds.
func (s *session) info(fd int32, size uint32, given []byte) {
	s.put(attr(16, map[int][]byte{0: u32(uint32(fd)), 4: u32(size), 8: u64(valueAt)}), poke{valueAt, given})
}

// described is what the kernel writes of a map into a buffer that held given.
func described(m shape, id uint32, name string, given []byte) []byte {
	b := bytes.Clone(given)
	for i, v := range []uint32{uint32(m.kind), id, m.key, m.value, m.max, m.flags} {
		copy(b[4*i:], u32(v))
	}
	copy(b[abi.MapInfoName:], make([]byte, abi.NameLen))
	copy(b[abi.MapInfoName:], name)
	copy(b[abi.MapInfoBTFVmlinuxVT:], u32(0))
	copy(b[abi.MapInfoMapExtra:], u64(0))
	return b
}

func TestInfo(t *testing.T) {
	s := newSession(t, root)
	s.put(attr(92, smallHash.attr()), poke{attrAt + abi.CreateMapName, []byte("talkers\x00junk")})
	s.fd++
	s.legal(abi.MapCreate, 92, s.fd, abi.OK)
	given := append(bytes.Repeat([]byte{0x77}, abi.MapInfoHash), make([]byte, 16)...)
	s.info(s.fd, 200, append(given, make([]byte, 96)...))
	s.legal(abi.ObjGetInfoByFD, 16, 0, abi.OK,
		poke{valueAt, described(smallHash, 40, "talkers", given)}, poke{lengthAt, u32(104)})
	s.info(s.fd, 104, given)
	s.illegal(abi.ObjGetInfoByFD, 16, 0, abi.OK, poke{valueAt, described(smallHash, 41, "talkers", given)})
	s.info(s.fd, 20, given)
	s.legal(abi.ObjGetInfoByFD, 16, 0, abi.OK, poke{valueAt, described(smallHash, 40, "talkers", given)[:20]})
	s.info(s.fd, 0, nil)
	s.legal(abi.ObjGetInfoByFD, 16, 0, abi.OK)
}

func TestInfoErrno(t *testing.T) {
	s := newSession(t, root)
	fd := s.create(smallHash)
	s.state = s.state.OpenForeign(90)
	zeros := make([]byte, 200)
	s.info(77, 104, zeros)
	s.legal(abi.ObjGetInfoByFD, 16, 0, abi.EBADFD)
	s.info(90, 104, zeros)
	s.legal(abi.ObjGetInfoByFD, 16, 0, abi.EINVAL)
	s.info(fd, 4097, zeros)
	s.legal(abi.ObjGetInfoByFD, 16, 0, abi.E2BIG)
	s.info(fd, 104, append(make([]byte, 100), 1)) // padding
	s.legal(abi.ObjGetInfoByFD, 16, 0, abi.E2BIG)
	s.info(fd, 104, zeros)
	s.put(poke{attrAt + abi.InfoPtr, u64(nowhere)})
	s.legal(abi.ObjGetInfoByFD, 16, 0, abi.EFAULT)
	s.info(fd, 104, append(make([]byte, abi.MapInfoHashSize), 32))
	s.legal(abi.ObjGetInfoByFD, 16, 0, abi.EINVAL) // a size without a buffer
}

// Only a frozen array has a hash: SHA-256 over its values, each padded to 8 bytes.
func TestInfoHash(t *testing.T) {
	s := newSession(t, root)
	m := shape{abi.Array, 4, 5, 2, 0}
	fd := s.create(m)
	s.update(fd, 1, 0x44332211, abi.Any, abi.OK)
	given := make([]byte, 104)
	copy(given[abi.MapInfoHash:], u64(outAt))
	copy(given[abi.MapInfoHashSize:], u32(32))
	s.info(fd, 104, given)
	s.legal(abi.ObjGetInfoByFD, 16, 0, abi.EPERM)
	s.put(attr(4, map[int][]byte{0: u32(uint32(fd))}))
	s.legal(abi.MapFreeze, 4, 0, abi.OK)
	s.info(fd, 104, given)
	sum := sha256.Sum256([]byte{8: 0x11, 9: 0x22, 10: 0x33, 11: 0x44, 15: 0})
	s.legal(abi.ObjGetInfoByFD, 16, 0, abi.OK, poke{outAt, sum[:]}, poke{valueAt, described(m, 40, "", given)})
}

// idAttr writes the attr of MAP_GET_NEXT_ID or MAP_GET_FD_BY_ID.
func (s *session) idAttr(id, flags uint32) {
	s.put(attr(12, map[int][]byte{0: u32(id), 8: u32(flags)}))
}

// learn tells a map's id by its info.
func (s *session) learn(fd int32, m shape, id uint32) {
	s.t.Helper()
	given := make([]byte, 104)
	s.info(fd, 104, given)
	s.legal(abi.ObjGetInfoByFD, 16, 0, abi.OK, poke{valueAt, described(m, id, "", given)})
}

func TestIDs(t *testing.T) {
	s := newSession(t, root)
	first, second := s.create(smallHash), s.create(smallArray)
	s.learn(second, smallArray, 50)
	s.info(first, 104, make([]byte, 104))
	for _, id := range []uint32{0, 50, 51} { // ids grow in order of creation
		s.illegal(abi.ObjGetInfoByFD, 16, 0, abi.OK, poke{valueAt, described(smallHash, id, "", make([]byte, 104))})
	}
	next := func(id uint32) poke { return poke{attrAt + abi.IDNext, u32(id)} }
	s.idAttr(0, 0)
	s.illegal(abi.MapGetNextID, 8, 0, abi.ENOENT)
	s.illegal(abi.MapGetNextID, 8, 0, abi.OK, next(50)) // the older map comes first
	states, why := s.next(abi.MapGetNextID, 8, 0, abi.OK, next(44))
	s.state = one(t, states, why) // which is how its id becomes known
	s.learn(first, smallHash, 44)
	s.idAttr(44, 0)
	s.legal(abi.MapGetNextID, 8, 0, abi.OK, next(50))
	s.idAttr(50, 0)
	s.legal(abi.MapGetNextID, 8, 0, abi.ENOENT)
	s.idAttr(0x7fffffff, 0)
	s.legal(abi.MapGetNextID, 8, 0, abi.EINVAL)
}

func TestFDByID(t *testing.T) {
	s := newSession(t, root)
	fd := s.create(smallHash)
	s.learn(fd, smallHash, 44)
	s.idAttr(45, 0)
	s.legal(abi.MapGetFDByID, 12, 0, abi.ENOENT)
	s.idAttr(44, abi.FlagReadOnly|abi.FlagWriteOnly)
	s.legal(abi.MapGetFDByID, 12, 0, abi.EINVAL)
	s.idAttr(44, abi.FlagReadOnly)
	s.legal(abi.MapGetFDByID, 12, 20, abi.OK)
	s.update(20, 1, 1, abi.Any, abi.EPERM)
	s.update(fd, 1, 1, abi.Any, abi.OK)
	s.found(abi.MapLookupElem, 20, u32(1), 1)
	s.state = s.state.Close(fd).Close(20)
	s.idAttr(44, 0)
	s.legal(abi.MapGetFDByID, 12, 0, abi.ENOENT)
}

// On a shared machine an id may be another process's; the fd may then be any map's, and nothing is known of it.
func TestSharedIDs(t *testing.T) {
	c := root
	c.Shared = true
	s := newSession(t, c)
	fd := s.create(smallHash)
	s.learn(fd, smallHash, 44)
	s.idAttr(0, 0)
	states, why := s.next(abi.MapGetNextID, 8, 0, abi.OK, poke{attrAt + abi.IDNext, u32(7)})
	s.state = one(t, states, why)
	s.illegal(abi.MapGetNextID, 8, 0, abi.OK, poke{attrAt + abi.IDNext, u32(45)}) // ours is lower
	s.idAttr(7, 0)
	states, why = s.next(abi.MapGetFDByID, 12, 30, abi.OK)
	s.state = one(t, states, why)
	s.elem(30, u32(1), 0)
	states, why = s.next(abi.MapLookupElem, 32, 0, abi.ENOTSUPP)
	one(t, states, why)
}

// one is the only state.
func one(t *testing.T, states []*model.State, why string) *model.State {
	t.Helper()
	if len(states) != 1 {
		t.Fatalf("%d states: %s", len(states), why)
	}
	return states[0]
}
