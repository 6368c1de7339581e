package bpfsys

import (
	"sync/atomic"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/stretchr/testify/require"
)

// pages is memory that a test hands out.
type pages struct {
	words  []atomic.Uint64
	freeze abi.Errno
	freed  int
}

func (p *pages) Words() []atomic.Uint64 { return p.words }
func (p *pages) Freeze() abi.Errno      { return p.freeze }
func (p *pages) Free()                  { p.freed++ }

// newBacked is a desk with an array of 4 values of 8 bytes, in memory that is also returned.
func newBacked(t *testing.T) (*desk, *pages) {
	d, p := newDesk(t, abi.Hash, 0), &pages{}
	d.Process.Backing = func(words uint64) (Backing, abi.Errno) {
		p.words = make([]atomic.Uint64, words)
		return p, abi.OK
	}
	args := validCreate()
	args.Type, args.Flags = abi.Array, abi.FlagMmapable
	d.fd = d.must(args)
	return d, p
}

func TestBackingHoldsTheElements(t *testing.T) {
	d, p := newBacked(t)
	p.words[0].Store(42)
	d.Arena.Write(d.key, le32(0))
	d.must(MapLookupElem{FD: d.fd, Key: d.key, Value: d.val})
	require.Equal(t, []byte{42, 0, 0, 0, 0, 0, 0, 0}, d.Arena.Bytes(d.val, 8))
	d.Arena.Write(d.val, []byte{7})
	d.must(MapUpdateElem{FD: d.fd, Key: d.key, Value: d.val})
	require.EqualValues(t, 7, p.words[0].Load())
	require.Equal(t, abi.OK, d.Process.Files.(*FDTable).Close(d.fd))
	require.Equal(t, 1, p.freed)
}

func TestBackingRefusesFreeze(t *testing.T) {
	d, p := newBacked(t)
	p.freeze = abi.EBUSY
	d.want(abi.EBUSY, MapFreeze{FD: d.fd})
	d.must(MapUpdateElem{FD: d.fd, Key: d.key, Value: d.val})
	p.freeze = abi.OK
	d.must(MapFreeze{FD: d.fd})
	d.want(abi.EPERM, MapUpdateElem{FD: d.fd, Key: d.key, Value: d.val})
}

// What MapCreate refuses after it has taken memory gives it back.
func TestBackingOfARefusedMap(t *testing.T) {
	d, p := newBacked(t)
	args := validCreate()
	args.Type, args.Flags, args.Name = abi.Array, abi.FlagMmapable, NameOf("no name")
	d.want(abi.EINVAL, args)
	require.Equal(t, 1, p.freed)
	d.Process.Backing = func(uint64) (Backing, abi.Errno) { return nil, abi.ENOMEM }
	d.want(abi.ENOMEM, args)
}

// Measured on Linux 6.18, as root and in this order of prot: r, w, x.
func TestMayMap(t *testing.T) {
	const r, w, x = abi.OK, abi.OK, abi.EPERM
	for _, c := range []struct {
		name        string
		typ         abi.MapType
		flags       uint32
		frozen      bool
		access      Access
		private     bool
		read, write abi.Errno
		exec        abi.Errno
	}{
		{"hash", abi.Hash, 0, false, ReadWrite, false, abi.ENOTSUPP, abi.ENOTSUPP, x},
		{"queue", abi.Queue, 0, false, ReadWrite, false, abi.ENOTSUPP, abi.ENOTSUPP, x},
		{"frozen hash", abi.Hash, 0, true, ReadWrite, false, abi.ENOTSUPP, abi.ENOTSUPP, x},
		{"private hash", abi.Hash, 0, false, ReadWrite, true, abi.ENOTSUPP, abi.ENOTSUPP, x},
		{"hash, read-only fd", abi.Hash, 0, false, ReadOnly, false, abi.ENOTSUPP, abi.EACCES, x},
		{"hash, write-only fd", abi.Hash, 0, false, WriteOnly, false, abi.EACCES, abi.EACCES, abi.EACCES},
		{"array", abi.Array, 0, false, ReadWrite, false, abi.EINVAL, abi.EINVAL, x},
		{"frozen array", abi.Array, 0, true, ReadWrite, false, abi.EINVAL, abi.EPERM, x},
		{"mappable", abi.Array, abi.FlagMmapable, false, ReadWrite, false, r, w, x},
		{"private mappable", abi.Array, abi.FlagMmapable, false, ReadWrite, true, abi.EINVAL, abi.EINVAL, x},
		{"frozen mappable", abi.Array, abi.FlagMmapable, true, ReadWrite, false, r, abi.EPERM, x},
		{"mappable, read-only fd", abi.Array, abi.FlagMmapable, false, ReadOnly, false, abi.EINVAL, abi.EACCES, x},
		{"mappable, write-only fd", abi.Array, abi.FlagMmapable, false, WriteOnly, false, abi.EACCES, abi.EACCES, abi.EACCES},
		{"programs only read", abi.Array, abi.FlagMmapable | abi.FlagReadOnlyProg, false, ReadWrite, false, r, abi.EACCES, x},
		{"programs only write", abi.Array, abi.FlagMmapable | abi.FlagWriteOnlyProg, false, ReadWrite, false, r, w, x},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t, abi.Hash, 0)
			args := validCreate()
			args.Type, args.Flags = c.typ, c.flags
			if c.typ == abi.Queue {
				args.KeySize = 0
			}
			d.fd = d.must(args)
			if c.frozen {
				d.must(MapFreeze{FD: d.fd})
			}
			opened, _ := d.Process.Files.Get(d.fd)
			file := NewFile(opened.Map(), c.access)
			want := Mapping{Length: 4096, Shared: !c.private}
			require.Equal(t, c.read, file.MayMap(want), "read")
			want.Write = true
			require.Equal(t, c.write, file.MayMap(want), "write")
			want.Write, want.Exec = false, true
			require.Equal(t, c.exec, file.MayMap(want), "execute")
		})
	}
}

// An array of 1,000 values of 5 bytes has two pages.
func TestMayMapWithin(t *testing.T) {
	d := newDesk(t, abi.Hash, 0)
	args := validCreate()
	args.Type, args.Flags, args.ValueSize, args.MaxEntries = abi.Array, abi.FlagMmapable, 5, 1000
	file, _ := d.Process.Files.Get(d.must(args))
	for _, c := range []struct {
		offset, length uint64
		want           abi.Errno
	}{
		{0, 8192, abi.OK}, {0, 8193, abi.EINVAL}, {0, 8000, abi.OK}, {4096, 4096, abi.OK}, {8192, 4096, abi.EINVAL},
		{4096, 8192, abi.EINVAL}, {0, 0, abi.EINVAL}, {1 << 62, 4096, abi.EINVAL},
	} {
		require.Equal(t, c.want, file.MayMap(Mapping{Offset: c.offset, Length: c.length, Shared: true}), c)
	}
	require.Equal(t, abi.ENODEV, NewFile(new(Program), ReadWrite).MayMap(Mapping{Length: 1, Shared: true}), "a program")
}

// Measured on Linux 6.18: a ring of two pages has six that can be mapped. A process writes to its own position and, of a
// USER_RINGBUF, to all that it produces.
func TestMayMapRings(t *testing.T) {
	const page = 4096
	for _, typ := range []abi.MapType{abi.RingBuf, abi.UserRingBuf} {
		d := newDesk(t, abi.Hash, 0)
		fd := d.must(MapCreate{Type: typ, MaxEntries: 2 * page})
		file, _ := d.Process.Files.Get(fd)
		errno := func(offset, length uint64, write bool) abi.Errno {
			return file.MayMap(Mapping{Offset: offset * page, Length: length, Write: write, Shared: true})
		}
		user := typ == abi.UserRingBuf
		for _, c := range []struct {
			offset, length uint64
			read, write    abi.Errno
			user           abi.Errno // to write
		}{
			{0, page, abi.OK, abi.OK, abi.EPERM}, {0, 1, abi.OK, abi.OK, abi.EPERM}, {0, page + 1, abi.OK, abi.EPERM, abi.EPERM},
			{0, 6 * page, abi.OK, abi.EPERM, abi.EPERM}, {0, 6*page + 1, abi.EINVAL, abi.EPERM, abi.EPERM},
			{1, page, abi.OK, abi.EPERM, abi.OK}, {1, 5 * page, abi.OK, abi.EPERM, abi.OK},
			{1, 5*page + 1, abi.EINVAL, abi.EPERM, abi.EINVAL}, {5, page, abi.OK, abi.EPERM, abi.OK},
			{6, 1, abi.EINVAL, abi.EPERM, abi.EINVAL}, {0, 0, abi.EINVAL, abi.EINVAL, abi.EINVAL},
		} {
			want := c.write
			if user {
				want = c.user
			}
			require.Equal(t, c.read, errno(c.offset, c.length, false), "%v %v to read", typ, c)
			require.Equal(t, want, errno(c.offset, c.length, true), "%v %v to write", typ, c)
		}
		d.must(MapFreeze{FD: fd})
		require.Equal(t, abi.EPERM, errno(1, page, true))
		require.Equal(t, abi.EPERM, errno(0, page, true))
		require.Equal(t, abi.OK, errno(1, 5*page, false))
	}
}
