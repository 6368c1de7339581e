package bpfsys

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/btf"
	"github.com/bpfsim/bpfsim/maps"
	"github.com/stretchr/testify/require"
)

// congestionTypes are a kernel's whose programs can be a congestion control of three functions.
func congestionTypes() *btf.BTF { return congestionTypesWith(4) }

// congestionTypesWith are those with flags of so many bytes.
func congestionTypesWith(flags uint32) *btf.BTF {
	var b btf.Builder
	word := b.Int("int", 4)
	char := b.Add(btf.Int, "char", 0, 1, 8)
	short := b.Int("flags", flags)
	name := b.Add(btf.Array, "", 0, 0, char, word, 16)
	common := b.Struct("common", 8, btf.Member{Name: "refcnt", Type: word}, btf.Member{Name: "state", Type: word, Offset: 4})
	function := b.Add(btf.Ptr, "", 0, b.Add(btf.FuncProto, "", 0, word))
	ops := b.Struct("tcp_congestion_ops", 48, btf.Member{Name: "ssthresh", Type: function},
		btf.Member{Name: "cong_avoid", Type: function, Offset: 8}, btf.Member{Name: "undo_cwnd", Type: function, Offset: 16},
		btf.Member{Name: "name", Type: name, Offset: 24}, btf.Member{Name: "flags", Type: short, Offset: 40})
	b.Struct("bpf_struct_ops_tcp_congestion_ops", 64, btf.Member{Name: "common", Type: common},
		btf.Member{Name: "data", Type: ops, Offset: 8})
	log, _ := btf.NewLog(0, false, 0)
	types, errno := btf.Load(b.Bytes(), log)
	if errno != abi.OK {
		panic(errno)
	}
	return types
}

// congestionDesk is a caller on such a kernel.
type congestionDesk struct {
	*desk
	id, valueID uint32
	types       int32
	programs    [3]int32
}

func newCongestionDesk(t *testing.T) *congestionDesk {
	d := &congestionDesk{desk: &desk{Caller: NewCaller(NewKernel(Options{BTF: congestionTypes})), t: t}}
	d.id, _ = congestionTypes().Struct("tcp_congestion_ops")
	d.valueID, _ = congestionTypes().Struct("bpf_struct_ops_tcp_congestion_ops")
	var b btf.Builder
	b.Int("int", 4)
	d.types = d.must(BTFLoad{Data: d.Arena.Put(b.Bytes()), Size: uint32(len(b.Bytes()))})
	d.key = d.Arena.Alloc(4)
	for i := range d.programs {
		args := d.constant()
		args.Type, args.AttachType, args.AttachBTFID = abi.ProgStructOps, abi.AttachType(i), d.id
		d.programs[i] = d.must(args)
	}
	return d
}

func (d *congestionDesk) new(flags uint32) int32 {
	return d.must(MapCreate{Type: abi.StructOps, KeySize: 4, ValueSize: 64, MaxEntries: 1, Flags: flags, BTFVmlinuxValue: d.valueID, BTFFD: d.types})
}

// value is the address of a congestion control.
func (d *congestionDesk) value(name string) uint64 {
	value := make([]byte, 64)
	for i, p := range d.programs {
		binary.LittleEndian.PutUint64(value[8+8*i:], uint64(p))
	}
	copy(value[32:], name)
	return d.Arena.Put(value)
}

// common is what lookup shows of the kernel's own fields.
func (d *congestionDesk) common(fd int32) [2]uint32 {
	room := d.Arena.Alloc(64)
	d.must(MapLookupElem{FD: fd, Key: d.key, Value: room})
	raw := d.Arena.Bytes(room, 8)
	return [2]uint32{binary.LittleEndian.Uint32(raw), binary.LittleEndian.Uint32(raw[4:])}
}

// What is registered stays so until it is deleted, also when nobody has the map open, and holds its programs.
func TestStructOpsStayRegistered(t *testing.T) {
	d := newCongestionDesk(t)
	fd := d.new(0)
	require.Equal(t, [2]uint32{0, uint32(maps.OpsInit)}, d.common(fd))
	d.want(abi.OK, MapUpdateElem{FD: fd, Key: d.key, Value: d.value("one")})
	require.Equal(t, [2]uint32{1, uint32(maps.OpsInUse)}, d.common(fd))
	d.want(abi.EBUSY, MapUpdateElem{FD: fd, Key: d.key, Value: d.value("two")})
	other := d.new(0)
	d.want(abi.EEXIST, MapUpdateElem{FD: other, Key: d.key, Value: d.value("one")})
	d.want(abi.EEXIST, MapUpdateElem{FD: other, Key: d.key, Value: d.value("cubic")})
	id := d.Kernel.Maps()[0].ID()
	d.close(fd)
	for _, p := range d.programs {
		d.close(p)
	}
	require.Len(t, d.Kernel.Programs(), 3)

	fd = d.must(MapGetFDByID{ID: id})
	d.want(abi.OK, MapDeleteElem{FD: fd, Key: d.key})
	d.want(abi.EINPROGRESS, MapDeleteElem{FD: fd, Key: d.key})
	require.Equal(t, [2]uint32{0, uint32(maps.OpsToBeFree)}, d.common(fd))
	d.close(fd)
	require.Empty(t, d.Kernel.Programs())
	d.close(other)
	require.Empty(t, d.Kernel.Maps())
}

// A link registers a map, gives way to another, and ends with its last fd.
func TestStructOpsByLink(t *testing.T) {
	d := newCongestionDesk(t)
	one, two := d.new(abi.FlagLink), d.new(abi.FlagLink)
	d.want(abi.EINVAL, LinkCreate{ProgFD: one, At: abi.AttachStructOps})
	d.want(abi.OK, MapUpdateElem{FD: one, Key: d.key, Value: d.value("x")})
	d.want(abi.OK, MapUpdateElem{FD: two, Key: d.key, Value: d.value("x")})
	require.Equal(t, [2]uint32{0, uint32(maps.OpsReady)}, d.common(one))
	d.want(abi.EOPNOTSUPP, MapDeleteElem{FD: one, Key: d.key})

	link := d.must(LinkCreate{ProgFD: one, At: abi.AttachStructOps})
	require.Equal(t, uint32(1), d.common(one)[0])
	d.want(abi.EEXIST, LinkCreate{ProgFD: two, At: abi.AttachStructOps})
	d.want(abi.EPERM, LinkUpdate{FD: link, NewFD: two, Flags: linkReplace, OldFD: two})
	d.want(abi.OK, LinkUpdate{FD: link, NewFD: two, Flags: linkReplace, OldFD: one})
	require.Equal(t, []uint32{0, 1}, []uint32{d.common(one)[0], d.common(two)[0]})
	require.Contains(t, d.Kernel.Links()[0].FDInfo(), "link_type:\tstruct_ops\n")
	require.Nil(t, d.Kernel.Links()[0].Program())

	d.want(abi.OK, LinkDetach{FD: link})
	d.want(abi.ENOLINK, LinkUpdate{FD: link, NewFD: one})
	again := d.must(LinkCreate{ProgFD: one, At: abi.AttachStructOps})
	for _, fd := range append(d.programs[:], link, again, one, two) {
		d.close(fd)
	}
	require.Empty(t, d.Kernel.Links())
	require.Empty(t, d.Kernel.Maps())
	require.Empty(t, d.Kernel.Programs())
}

// A value that is refused leaves nothing behind, and the map takes another.
func TestStructOpsRefusedValue(t *testing.T) {
	d := newCongestionDesk(t)
	fd := d.new(0)
	for name, spoil := range map[string]func(value []byte){
		"no ssthresh":          func(v []byte) { clear(v[8:16]) },
		"functions exchanged":  func(v []byte) { copy(v[8:24], append([]byte(nil), v[16:32]...)) },
		"state":                func(v []byte) { v[4] = 1 },
		"name with a space":    func(v []byte) { copy(v[32:], "a b") },
		"name of 16":           func(v []byte) { copy(v[32:], "0123456789abcdef") },
		"no name":              func(v []byte) { v[32] = 0 },
		"a flag of no meaning": func(v []byte) { v[48] = 32 },
		"a hole":               func(v []byte) { v[60] = 1 },
	} {
		value := d.value("x")
		spoil(d.Arena.Bytes(value, 64))
		_, errno := d.Do(MapUpdateElem{FD: fd, Key: d.key, Value: value})
		require.Equal(t, abi.EINVAL, errno, name)
		require.Equal(t, [2]uint32{0, uint32(maps.OpsInit)}, d.common(fd))
	}
	d.want(abi.OK, MapUpdateElem{FD: fd, Key: d.key, Value: d.value("x")})
}

// A kernel without BTF, or with one that has no such struct, knows no structs of functions.
func TestStructOpsWithoutTypes(t *testing.T) {
	c := NewCaller(NewKernel(Options{}))
	d := &desk{Caller: c, t: t}
	d.want(abi.ENOTSUPP, MapCreate{Type: abi.StructOps, KeySize: 4, ValueSize: 64, MaxEntries: 1, BTFVmlinuxValue: 1})
	d.want(abi.ENOTSUPP, MapCreate{Type: abi.StructOps, KeySize: 4, ValueSize: 64, MaxEntries: 1, BTFVmlinuxValue: 1 << 31})
}

// Structs that look like values and are none.
func TestStructOpsStrangeTypes(t *testing.T) {
	for _, at := range []uint32{0, 4, 16, 1 << 20} {
		var b btf.Builder
		word := b.Int("int", 4)
		long := b.Int("long", 8)
		ops := b.Struct("ops", 8, btf.Member{Name: "x", Type: long})
		b.Struct("bpf_struct_ops_ops", 16, btf.Member{Name: "common", Type: word}, btf.Member{Name: "data", Type: ops, Offset: 8})
		b.Struct("bpf_struct_ops_long", 16, btf.Member{Name: "common", Type: long}, btf.Member{Name: "data", Type: ops, Offset: at})
		b.Struct("bpf_struct_ops_", 0)
		log, _ := btf.NewLog(0, false, 0)
		types, errno := btf.Load(b.Bytes(), log)
		if errno != abi.OK {
			continue
		}
		require.Empty(t, NewKernel(Options{BTF: func() *btf.BTF { return types }}).ops())
	}
}

// Many at once install, read, link, move and detach; in the end nothing is left.
func TestStructOpsConcurrently(t *testing.T) {
	d := newCongestionDesk(t)
	files, fs := d.Process.Files.(*FDTable), d.Process.FS.(*FileTree)
	fds := []int32{d.new(abi.FlagLink), d.new(abi.FlagLink), d.new(0), d.new(0)}
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			c := &congestionDesk{desk: &desk{Caller: NewCallerIn(d.Kernel, files, fs), t: t}, programs: d.programs}
			c.key = c.Arena.Alloc(4)
			value, room := c.value("x"), c.Arena.Alloc(64)
			for n := range 200 {
				fd := fds[(n+i)%len(fds)]
				c.Do(MapUpdateElem{FD: fd, Key: c.key, Value: value})
				c.Do(MapLookupElem{FD: fd, Key: c.key, Value: room})
				link, errno := c.Do(LinkCreate{ProgFD: fd, At: abi.AttachStructOps})
				c.Do(MapDeleteElem{FD: fd, Key: c.key})
				if errno == abi.OK {
					c.Do(LinkUpdate{FD: link, NewFD: fds[n%2]})
					c.Do(LinkDetach{FD: link})
					c.close(link)
				}
			}
		})
	}
	all.Wait()
	for _, fd := range append(fds, d.programs[:]...) {
		d.Do(MapDeleteElem{FD: fd, Key: d.key})
		d.close(fd)
	}
	require.Empty(t, d.Kernel.Links())
	require.Empty(t, d.Kernel.Maps())
	require.Empty(t, d.Kernel.Programs())
	require.Empty(t, d.Kernel.hooks.ops)
}

// Types of a kernel that lie about their structs of functions: nothing panics, and what can be made takes values or refuses them.
func TestStructOpsOfDamagedTypes(t *testing.T) {
	draw := rand.New(rand.NewPCG(1, 1))
	sound := congestionTypes().Data()
	made := 0
	for _, bytes := range []uint32{1, 2, 8} {
		kernel := NewKernel(Options{BTF: func() *btf.BTF { return congestionTypesWith(bytes) }})
		require.Len(t, kernel.ops(), 1)
		f := opsFilling{kind: kernel.ops()[0], value: make([]byte, 64)}
		f.value[32] = 'x' // the name
		require.Equal(t, abi.EINVAL, f.fill())
	}
	for range 20_000 {
		data := bytes.Clone(sound)
		for range 1 + draw.IntN(3) {
			data[24+draw.IntN(len(data)-24)] ^= 1 << draw.IntN(8)
		}
		log, _ := btf.NewLog(0, false, 0)
		types, errno := btf.Load(data, log)
		if errno != abi.OK {
			continue
		}
		d := &congestionDesk{desk: &desk{Caller: NewCaller(NewKernel(Options{BTF: func() *btf.BTF { return types }, Memory: 1 << 20})), t: t}}
		for _, kind := range d.Kernel.ops() {
			types := d.must(BTFLoad{Data: d.Arena.Put(sound), Size: uint32(len(sound))})
			fd, errno := d.Do(MapCreate{Type: abi.StructOps, KeySize: 4, ValueSize: kind.size, MaxEntries: 1, BTFVmlinuxValue: kind.valueID, BTFFD: types})
			if errno != abi.OK {
				continue
			}
			made++
			value := d.Arena.Alloc(int(kind.size))
			if room := d.Arena.Bytes(value, int(kind.size)); len(room) > 8 {
				room[8+draw.IntN(len(room)-8)] = byte(draw.IntN(256))
			}
			key := d.Arena.Alloc(4)
			d.Do(MapUpdateElem{FD: fd, Key: key, Value: value})
			d.want(abi.OK, MapLookupElem{FD: fd, Key: key, Value: value})
			d.Do(MapDeleteElem{FD: fd, Key: key})
			for member := range uint32(len(kind.members) + 1) {
				args := d.constant()
				args.Type, args.AttachType, args.AttachBTFID = abi.ProgStructOps, abi.AttachType(member), kind.id
				d.Do(args)
			}
		}
	}
	require.Greater(t, made, 1_000)
}
