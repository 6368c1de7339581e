package model

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"

	"github.com/bpfsim/bpfsim/abi"
)

// references is a map whose values refer to network devices (kernel/bpf/devmap.c), sockets (net/core/sock_map.c,
// kernel/bpf/reuseport_array.c, net/xdp/xskmap.c), or cgroups or programs (kernel/bpf/arraymap.c).
type references struct {
	spec
	elements []referring // the newest first
}

// referring is one element, with what a lookup shows.
type referring struct {
	key, shown []byte
	socket     int
	program    int // serial, which ends shown
}

func newReferences(s spec, _ int) table { return &references{spec: s} }

func (t *references) clone() table { return &references{t.spec, slices.Clone(t.elements)} }

func (t *references) ofSockets() bool {
	return t.kind == abi.SockMap || t.kind == abi.SockHash || t.kind == abi.ReusePortSockArray
}

func (t *references) isHash() bool { return t.kind == abi.SockHash || t.kind == abi.DevMapHash }

func (t *references) at(key []byte) int {
	return slices.IndexFunc(t.elements, func(e referring) bool { return bytes.Equal(e.key, key) })
}

// outside reports an index behind the last one.
func (t *references) outside(key []byte) bool { return !t.isHash() && u32(key) >= t.maxEntries }

func (t *references) lookup(key []byte) ([]byte, abi.Errno) {
	at := t.at(key)
	switch {
	case t.kind == abi.CgroupArray:
		return nil, abi.ENOTSUPP
	case t.kind == abi.XSKMap:
		return nil, abi.EOPNOTSUPP
	case t.ofSockets() && t.valueSize != 8: // no room for a cookie
		return nil, abi.ENOSPC
	case at < 0:
		return nil, abi.ENOENT
	}
	return t.elements[at].shown, abi.OK
}

// update is what user space can do without things: the state knows those (refer).
func (t *references) update(int, []byte, []byte, uint64) abi.Errno { panic("model: refer does it") }

func (t *references) delete(_ int, key []byte) abi.Errno {
	at := t.at(key)
	switch {
	case t.outside(key) && (t.kind == abi.CgroupArray || t.kind == abi.ProgArray || t.kind == abi.ReusePortSockArray):
		return abi.E2BIG
	case t.outside(key), at < 0 && t.kind == abi.SockMap:
		return abi.EINVAL
	case at < 0 && (t.kind == abi.DevMap || t.kind == abi.XSKMap):
		return abi.OK
	case at < 0:
		return abi.ENOENT
	}
	t.elements = slices.Delete(t.elements, at, at+1)
	return abi.OK
}

// next counts in arrays, and goes by bucket in hash tables, where the newest is first.
func (t *references) next(key, saw []byte) ([]byte, abi.Errno) {
	if !t.isHash() {
		return (&array{max: t.maxEntries}).next(key, saw)
	}
	walk := slices.Clone(t.elements)
	slices.SortStableFunc(walk, func(a, b referring) int { return cmp.Compare(t.bucket(a.key), t.bucket(b.key)) })
	at := 0
	if key != nil {
		at = 1 + slices.IndexFunc(walk, func(e referring) bool { return bytes.Equal(e.key, key) })
	}
	if at == len(walk) {
		return nil, abi.ENOENT
	}
	return walk[at].key, abi.OK
}

func (t *references) bucket(key []byte) uint32 {
	mask := bucketCount(t.maxEntries) - 1
	if t.kind == abi.DevMapHash {
		return u32(key) & mask
	}
	return jhash(key, 0) & mask
}

func (t *references) holds(socket int) bool {
	return socket != 0 && slices.ContainsFunc(t.elements, func(e referring) bool { return e.socket == socket })
}

func (t *references) drop(socket int) {
	t.elements = slices.DeleteFunc(t.elements, func(e referring) bool { return e.socket == socket })
}

// put replaces what the key referred to, if there is room.
func (t *references) put(e referring) abi.Errno {
	if at := t.at(e.key); at >= 0 {
		t.elements = slices.Delete(t.elements, at, at+1)
	} else if uint32(len(t.elements)) >= t.maxEntries {
		return abi.E2BIG
	}
	t.elements = slices.Insert(t.elements, 0, e)
	return abi.OK
}

// exists is what flags say of an element that is there or not.
func (t *references) exists(key []byte, flags uint64) abi.Errno {
	switch there := t.at(key) >= 0; {
	case there && flags == abi.NoExist:
		return abi.EEXIST
	case !there && flags == abi.Exist:
		return abi.ENOENT
	}
	return abi.OK
}

// inner is the programs that the map holds.
func (t *references) inner() (serials []int) {
	for _, e := range t.elements {
		if e.program != 0 {
			serials = append(serials, e.program)
		}
	}
	return serials
}

// refer is an update, in the order of checks of each type (measured on 6.18).
func (x *run) refer(o *object, t *references, key, value []byte, flags uint64) abi.Errno {
	switch t.kind {
	case abi.DevMap, abi.DevMapHash:
		return x.device(o, t, key, value, flags)
	case abi.SockMap, abi.SockHash:
		return x.sockMap(t, key, value, flags)
	}
	most := abi.Exist
	if t.kind == abi.CgroupArray || t.kind == abi.ProgArray {
		most = abi.Any
	}
	switch {
	case flags > most:
		return abi.EINVAL
	case t.outside(key):
		return abi.E2BIG
	case t.kind == abi.ProgArray:
		serial, errno := x.program(int32(u32(value)))
		switch {
		case errno != abi.OK:
			return errno
		case !x.fits(o, x.state.object(serial).prog):
			return abi.EINVAL
		}
		return t.put(referring{key: key, shown: le32(uint32(serial)), program: serial})
	case t.kind == abi.CgroupArray:
		if f, _ := x.state.files.get(int32(u32(value))); f.thing == nil || f.thing.what != "cgroup" {
			return abi.EBADF
		}
		return t.put(referring{key: key})
	}
	f, errno := x.socket(value)
	switch {
	case errno != abi.OK:
		return errno
	case t.kind == abi.XSKMap: // no socket here is one of AF_XDP
		return abi.EOPNOTSUPP
	}
	return x.group(t, key, f, flags)
}

// device is an update of a map of network devices.
func (x *run) device(o *object, t *references, key, value []byte, flags uint64) abi.Errno {
	device := u32(value)
	there := t.at(key) >= 0
	switch {
	case flags > abi.Exist, t.isHash() && device == 0:
		return abi.EINVAL
	case t.outside(key):
		return abi.E2BIG
	case flags == abi.NoExist && (there || !t.isHash()):
		return abi.EEXIST
	case device != 0 && !x.deviceExists(device), device == 0 && programOf(value) > 0:
		return abi.EINVAL
	case device == 0:
		t.delete(0, key)
		return abi.OK
	}
	program, ok := x.behind(o, value, abi.AttachXDPDevMap)
	if !ok {
		return abi.EINVAL
	}
	return t.put(referring{key: key, shown: append(le32(device), le32(uint32(program))...)[:len(value)], program: program})
}

// programOf is the fd of a program behind a device or CPU, 0 where there is no room for one.
func programOf(value []byte) int32 {
	if len(value) < 8 {
		return 0
	}
	return int32(u32(value[4:]))
}

// behind is the program that a value wants behind a device or CPU, of XDP and loaded for that; 0 for none, false for one that
// is not fit.
func (x *run) behind(o *object, value []byte, place abi.AttachType) (serial int, ok bool) {
	if programOf(value) <= 0 {
		return 0, true
	}
	serial, errno := x.program(programOf(value))
	if errno != abi.OK {
		return 0, false
	}
	p := x.state.object(serial).prog
	return serial, p.kind == abi.ProgXDP && p.attach == place && x.fits(o, p)
}

// program is the program whose fd that is.
func (x *run) program(fd int32) (serial int, errno abi.Errno) {
	f, open := x.state.files.get(fd)
	switch {
	case !open:
		return 0, abi.EBADF
	case f.serial == 0 || x.state.object(f.serial).prog == nil:
		return 0, abi.EINVAL
	}
	return f.serial, abi.OK
}

// socket is the socket whose fd is a value.
func (x *run) socket(value []byte) (file, abi.Errno) {
	if len(value) == 8 && binary.LittleEndian.Uint64(value) > 1<<31-1 {
		return file{description: nowhere}, abi.EINVAL
	}
	f, open := x.state.files.get(int32(u32(value)))
	switch {
	case !open:
		return f, abi.EBADF
	case f.thing == nil || f.thing.socket == 0:
		return f, abi.ENOTSOCK
	}
	return f, abi.OK
}

// sockMap is sock_map_update_elem_sys.
func (x *run) sockMap(t *references, key, value []byte, flags uint64) abi.Errno {
	if u32(value) > 1<<31-1 {
		return abi.EINVAL
	}
	f, errno := x.socket(value)
	if errno != abi.OK {
		return errno
	}
	_, grouped := x.state.user(f.thing.socket)
	switch {
	case !socketKinds[f.thing.what].sockMap:
		return abi.EOPNOTSUPP
	case flags > abi.Exist:
		return abi.EINVAL
	case t.outside(key):
		return abi.E2BIG
	case grouped:
		return abi.EBUSY
	}
	if errno := t.exists(key, flags); errno != abi.OK {
		return errno
	}
	return t.put(x.referring(key, f))
}

// referring is an element with a socket's cookie, which is its number here.
func (x *run) referring(key []byte, f file) referring {
	return referring{key: key, shown: binary.LittleEndian.AppendUint64(nil, uint64(f.thing.socket)), socket: f.thing.socket}
}

// group is reuseport_array_update_check.
func (x *run) group(t *references, key []byte, f file, flags uint64) abi.Errno {
	if errno := t.exists(key, flags); errno != abi.OK {
		return errno
	}
	if errno := socketKinds[f.thing.what].group; errno != abi.OK {
		return errno
	}
	if mapped, grouped := x.state.user(f.thing.socket); mapped || grouped {
		return abi.EBUSY
	}
	return t.put(x.referring(key, f))
}
