package model_test

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/model"
	"github.com/stretchr/testify/require"
)

// User memory of the tests: two pages, a gap, one page more, and behind it a read-only one.
const (
	attrAt  = 0x10000
	keyAt   = 0x10200
	valueAt = 0x10400
	inAt    = 0x10600
	outAt   = 0x10640
	endOfRW = 0x12000 // the gap
	endOfRO = 0x14000 // the read-only page, behind a writable one
	nowhere = 0x1
)

var root = model.Config{CPUs: 2, BPF: true, SysAdmin: true}

// session holds the state that all legal results so far led to, and the memory of the next call.
type session struct {
	t      *testing.T
	state  *model.State
	memory model.Memory
	cpu    int
	fd     int32 // of the last map made
	onward *onward
}

// onward has gone on to a state without being copied, and must judge as that state does. Copies of a session share it.
type onward struct {
	*model.Possible
	at *model.State
}

func newSession(t *testing.T, c model.Config) *session {
	return &session{t: t, state: model.New(c), onward: &onward{}, fd: 2, memory: model.Memory{
		{Addr: attrAt, Bytes: bytes.Repeat([]byte{0xee}, 0x2000)},
		{Addr: endOfRO - 0x1000, Bytes: bytes.Repeat([]byte{0xee}, 0x1000)},
		{Addr: endOfRO, Bytes: make([]byte, 0x1000), ReadOnly: true},
	}}
}

// poke is bytes at an address: what a test puts there, or what a call wrote.
type poke struct {
	addr  uint64
	bytes []byte
}

// with is m with writes; what is not accessible is left out.
func with(m model.Memory, writes ...poke) model.Memory {
	out := make(model.Memory, len(m))
	for i, r := range m {
		out[i] = r
		out[i].Bytes = bytes.Clone(r.Bytes)
		for _, w := range writes {
			for at, b := range w.bytes {
				if offset := w.addr + uint64(at) - r.Addr; offset < uint64(len(r.Bytes)) {
					out[i].Bytes[offset] = b
				}
			}
		}
	}
	return out
}

// put changes memory in front of a call.
func (s *session) put(writes ...poke) { s.memory = with(s.memory, writes...) }

// next judges one call.
func (s *session) next(cmd abi.Cmd, size uint32, ret int32, errno abi.Errno, writes ...poke) ([]*model.State, string) {
	call := model.Call{CPU: s.cpu, Cmd: cmd, Attr: attrAt, Size: size, Before: s.memory}
	return s.state.Next(call, model.Result{Ret: ret, Errno: errno, After: with(s.memory, writes...)})
}

// legal makes a call whose result must be legal, and checks that results that differ a little are not.
func (s *session) legal(cmd abi.Cmd, size uint32, ret int32, errno abi.Errno, writes ...poke) {
	s.t.Helper()
	states, why := s.next(cmd, size, ret, errno, writes...)
	require.Empty(s.t, why)
	require.Len(s.t, states, 1)
	for _, other := range []abi.Errno{abi.OK, abi.EFAULT, abi.EINVAL, abi.EPERM, abi.ENOENT, abi.E2BIG, abi.ENOTSUPP} {
		if other != errno {
			s.illegal(cmd, size, ret, other, writes...)
		}
	}
	stray := poke{attrAt + 0x1a00, []byte{0}}
	s.illegal(cmd, size, ret, errno, append(writes, stray)...)
	for i, w := range writes {
		if len(w.bytes) > 0 && binary.LittleEndian.Uint64(append(bytes.Clone(w.bytes), make([]byte, 8)...)) != 0 {
			broken := append([]poke(nil), writes...)
			broken[i] = poke{w.addr, append([]byte{w.bytes[0] ^ 1}, w.bytes[1:]...)}
			s.illegal(cmd, size, ret, errno, broken...)
		}
	}
	s.goOn(cmd, size, ret, errno, writes...)
	s.state, s.onward.at = states[0], states[0]
	s.put(writes...)
}

// goOn makes a legal call on the states that are not copied, and tells them where to look.
func (s *session) goOn(cmd abi.Cmd, size uint32, ret int32, errno abi.Errno, writes ...poke) {
	s.t.Helper()
	if s.onward.at != s.state {
		s.onward.Possible = model.NewPossible(s.state)
	}
	r := model.Result{Ret: ret, Errno: errno, After: with(s.memory, writes...), Written: []model.Span{}}
	for _, w := range writes {
		r.Written = append(r.Written, model.Span{Addr: w.addr, Size: uint64(len(w.bytes))})
	}
	require.Empty(s.t, s.onward.Next(model.Call{CPU: s.cpu, Cmd: cmd, Attr: attrAt, Size: size, Before: s.memory}, r))
}

// illegal checks that a result is refused.
func (s *session) illegal(cmd abi.Cmd, size uint32, ret int32, errno abi.Errno, writes ...poke) {
	s.t.Helper()
	states, why := s.next(cmd, size, ret, errno, writes...)
	require.Empty(s.t, states)
	require.NotEmpty(s.t, why)
}

func u32(v uint32) []byte { return binary.LittleEndian.AppendUint32(nil, v) }
func u64(v uint64) []byte { return binary.LittleEndian.AppendUint64(nil, v) }

// attr is an attr of that many bytes, with fields at offsets.
func attr(size int, fields map[int][]byte) poke {
	b := make([]byte, size)
	for offset, field := range fields {
		copy(b[offset:], field)
	}
	return poke{attrAt, b}
}

// shape is the fields of MAP_CREATE that most tests set.
type shape struct {
	kind            abi.MapType
	key, value, max uint32
	flags           uint32
}

func (s shape) attr() map[int][]byte {
	return map[int][]byte{0: u32(uint32(s.kind)), 4: u32(s.key), 8: u32(s.value), 12: u32(s.max), 16: u32(s.flags)}
}

// create makes a map and returns its fd.
func (s *session) create(m shape) int32 {
	s.t.Helper()
	s.put(attr(92, m.attr()))
	s.fd++
	s.legal(abi.MapCreate, 92, s.fd, abi.OK)
	return s.fd
}

// elem writes the attr of an element command with the usual addresses.
func (s *session) elem(fd int32, key []byte, flags uint64) {
	fields := map[int][]byte{0: u32(uint32(fd)), 16: u64(valueAt), 24: u64(flags)}
	if key != nil {
		fields[8] = u64(keyAt)
	}
	s.put(attr(32, fields), poke{keyAt, key})
}

func (s *session) update(fd int32, key, value uint32, flags uint64, errno abi.Errno) {
	s.t.Helper()
	s.elem(fd, u32(key), flags)
	s.put(poke{valueAt, u64(uint64(value))})
	s.legal(abi.MapUpdateElem, 32, 0, errno)
}

// push is UPDATE of a map without keys.
func (s *session) push(fd int32, value uint32, flags uint64, errno abi.Errno) {
	s.t.Helper()
	s.elem(fd, nil, flags)
	s.put(poke{valueAt, u64(uint64(value))})
	s.legal(abi.MapUpdateElem, 32, 0, errno)
}

// found is LOOKUP or LOOKUP_AND_DELETE of a key (nil: none) with that value.
func (s *session) found(cmd abi.Cmd, fd int32, key []byte, value uint32) {
	s.t.Helper()
	s.elem(fd, key, 0)
	s.legal(cmd, 32, 0, abi.OK, poke{valueAt, u64(uint64(value))})
}

func (s *session) absent(fd int32, key uint32) {
	s.t.Helper()
	s.elem(fd, u32(key), 0)
	s.legal(abi.MapLookupElem, 32, 0, abi.ENOENT)
}

func (s *session) delete(fd int32, key uint32, errno abi.Errno) {
	s.t.Helper()
	s.elem(fd, u32(key), 0)
	s.legal(abi.MapDeleteElem, 16, 0, errno)
}

// walk checks the order of all keys.
func (s *session) walk(fd int32, keys ...uint32) {
	s.t.Helper()
	var key []byte
	for _, next := range keys {
		s.elem(fd, key, 0)
		s.legal(abi.MapGetNextKey, 24, 0, abi.OK, poke{valueAt, u32(next)})
		key = u32(next)
	}
	s.elem(fd, key, 0)
	s.legal(abi.MapGetNextKey, 24, 0, abi.ENOENT)
}
