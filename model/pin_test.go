package model_test

import (
	"strings"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
)

// path writes the attr of OBJ_PIN or OBJ_GET.
func (s *session) path(name string, fd int32, flags uint32) {
	s.put(attr(20, map[int][]byte{0: u64(valueAt), 8: u32(uint32(fd)), 12: u32(flags)}), poke{valueAt, append([]byte(name), 0)})
}

func TestPinErrno(t *testing.T) {
	s := newSession(t, root)
	fd := s.create(smallHash)
	s.state = s.state.Mkdir("/sys/fs/bpf/dir")
	s.path("/sys/fs/bpf/taken", fd, 0)
	s.legal(abi.ObjPin, 20, 0, abi.OK)
	for _, c := range []struct {
		name     string
		pin, get abi.Errno
	}{
		{"/sys/fs/bpf/taken", abi.EEXIST, abi.OK},
		{"/sys/fs//bpf/./dir/../taken", abi.EEXIST, abi.OK},
		{"/sys/fs/bpf/dir/../../bpf/taken", abi.EEXIST, abi.OK},
		{"/sys/fs/bpf/taken/", abi.EEXIST, abi.ENOTDIR},
		{"/sys/fs/bpf/taken/x", abi.ENOTDIR, abi.ENOTDIR},
		{"/sys/fs/bpf/dir", abi.EEXIST, abi.EACCES},
		{"/sys/fs/bpf", abi.EEXIST, abi.EACCES},
		{"/sys/fs/bpf/dir/.", abi.EEXIST, abi.EACCES},
		{"/sys/fs/bpf/free/", abi.ENOENT, abi.ENOENT},
		{"/sys/fs/bpf/none/x", abi.ENOENT, abi.ENOENT},
		{"/sys/fs/bpf/a.b", abi.EPERM, abi.EPERM}, // names with a dot are the file system's own
		{"/sys/fs/bpf/" + strings.Repeat("z", 256), abi.ENAMETOOLONG, abi.ENAMETOOLONG},
		{"", abi.ENOENT, abi.ENOENT},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := *s
			s.t = t
			s.path(c.name, fd, 0)
			s.legal(abi.ObjPin, 20, 0, c.pin)
			s.path(c.name, 0, 0)
			s.legal(abi.ObjGet, 20, 60, c.get)
		})
	}
}

func TestPinFields(t *testing.T) {
	s := newSession(t, root)
	fd := s.create(smallHash)
	s.path("/sys/fs/bpf/a", 77, 0)
	s.legal(abi.ObjPin, 20, 0, abi.EINVAL) // not EBADF
	s.path("/sys/fs/bpf/a", fd, abi.FlagReadOnly)
	s.legal(abi.ObjPin, 20, 0, abi.EINVAL)
	s.path("/sys/fs/bpf/a", fd, 0)
	s.legal(abi.ObjGet, 20, 0, abi.EINVAL) // OBJ_GET takes no bpf_fd
	s.put(poke{attrAt + abi.ObjPathFD, u32(5)})
	s.legal(abi.ObjPin, 20, 0, abi.EINVAL)
	s.put(poke{attrAt + abi.ObjPathFD, u32(0)}, poke{attrAt, u64(nowhere)})
	s.legal(abi.ObjPin, 20, 0, abi.EFAULT)
	s.put(poke{attrAt, u64(endOfRW - 3)}, poke{endOfRW - 3, []byte("/sy")})
	s.legal(abi.ObjPin, 20, 0, abi.EFAULT)
}

// A pin holds its map; removing the last one frees it.
func TestPinHoldsMap(t *testing.T) {
	s := newSession(t, root)
	fd := s.create(smallHash)
	s.update(fd, 1, 5, abi.Any, abi.OK)
	s.learn(fd, smallHash, 44)
	s.path("/sys/fs/bpf/a", fd, 0)
	s.legal(abi.ObjPin, 20, 0, abi.OK)
	s.state = s.state.Dup2(fd, 30).Close(fd).Close(30).Rename("/sys/fs/bpf/a", "/sys/fs/bpf/b")
	s.path("/sys/fs/bpf/a", 0, 0)
	s.legal(abi.ObjGet, 20, 0, abi.ENOENT)
	s.path("/sys/fs/bpf/b", 0, abi.FlagWriteOnly)
	s.legal(abi.ObjGet, 20, 40, abi.OK)
	s.update(40, 1, 6, abi.Exist, abi.OK)
	s.elem(40, u32(1), 0)
	s.legal(abi.MapLookupElem, 32, 0, abi.EPERM)
	s.state = s.state.Close(40).Unlink("/sys/fs/bpf/b/") // a pin is no directory
	s.idAttr(0, 0)
	s.legal(abi.MapGetNextID, 8, 0, abi.OK, poke{attrAt + abi.IDNext, u32(44)})
	s.state = s.state.Unlink("/sys/fs/bpf/b")
	s.idAttr(0, 0)
	s.legal(abi.MapGetNextID, 8, 0, abi.ENOENT)
}
