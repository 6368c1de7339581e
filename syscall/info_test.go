package bpfsys

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/stretchr/testify/require"
)

// infoBuffer is user memory for struct bpf_map_info, filled with fill, with hash and hash_size set.
func (d *desk) infoBuffer(size int, fill byte, hash uint64, hashSize uint32) uint64 {
	buf := bytes.Repeat([]byte{fill}, size)
	binary.LittleEndian.PutUint64(buf[abi.MapInfoHash:], hash)
	binary.LittleEndian.PutUint32(buf[abi.MapInfoHashSize:], hashSize)
	clear(buf[abi.MapInfoEnd:])
	return d.Arena.Put(buf)
}

func TestInfoKeepsWhatDoesNotApply(t *testing.T) {
	d := newDesk(t, abi.Hash, 0)
	args := validCreate()
	args.Flags, args.Name = abi.FlagReadOnly|abi.FlagNoPrealloc, NameOf("counts")
	fd := d.must(args)
	addr := d.infoBuffer(120, 0xee, 0, 0)
	d.must(ObjGetInfoByFD{FD: fd, InfoLen: 120, Info: addr})
	require.Equal(t, uint32(abi.MapInfoSize), d.Attr().fields().u32(abi.InfoLen))

	want := bytes.Repeat([]byte{0xee}, 120)
	for off, v := range map[int]uint32{
		abi.MapInfoType: 1, abi.MapInfoID: 2, abi.MapInfoKeySize: 4, abi.MapInfoValueSize: 8, abi.MapInfoMaxEntries: 4,
		abi.MapInfoMapFlags: abi.FlagNoPrealloc, abi.MapInfoBTFVmlinuxVT: 0, abi.MapInfoMapExtra: 0,
		abi.MapInfoMapExtra + 4: 0,
	} {
		binary.LittleEndian.PutUint32(want[off:], v)
	}
	name := NameOf("counts")
	copy(want[abi.MapInfoName:], name[:])
	clear(want[abi.MapInfoHash:])
	require.Equal(t, want, d.Arena.Bytes(addr, 120))
}

// Measured on Linux 6.18.
func TestInfoSizes(t *testing.T) {
	for _, tt := range []struct {
		in, out uint32
		want    abi.Errno
	}{
		{0, 0, abi.OK}, {1, 1, abi.OK}, {80, 80, abi.OK}, {100, 100, abi.OK}, {104, 104, abi.OK}, {108, 104, abi.OK},
		{4096, 104, abi.OK}, {4097, 4097, abi.E2BIG}, {1<<32 - 1, 1<<32 - 1, abi.E2BIG},
	} {
		d := newDesk(t, abi.Hash, 0)
		addr := d.Arena.Alloc(4096)
		d.want(tt.want, ObjGetInfoByFD{FD: d.fd, InfoLen: tt.in, Info: addr})
		require.Equal(t, tt.out, d.Attr().fields().u32(abi.InfoLen))
		written := min(tt.out, abi.MapInfoSize)
		require.Equal(t, make([]byte, 8), d.Arena.Bytes(addr+uint64(written), 8), "behind info_len %d", tt.in)
	}
}

func TestInfoOrderOfChecks(t *testing.T) {
	d := newDesk(t, abi.Array, 0)
	d.want(abi.EBADFD, ObjGetInfoByFD{FD: 9999, InfoLen: 5000})
	d.want(abi.EBADFD, ObjGetInfoByFD{FD: -1})
	d.want(abi.EINVAL, ObjGetInfoByFD{FD: 0, InfoLen: 5000})
	d.want(abi.EFAULT, ObjGetInfoByFD{FD: d.fd, InfoLen: 1})
	for _, off := range []int{100, 103} {
		tail := d.Arena.Alloc(104)
		d.Arena.Write(tail+uint64(off), []byte{1})
		d.want(abi.OK, ObjGetInfoByFD{FD: d.fd, InfoLen: uint32(off), Info: tail})
		d.want(abi.E2BIG, ObjGetInfoByFD{FD: d.fd, InfoLen: uint32(off) + 1, Info: tail})
	}
	short := place(d.Arena, 1<<40, make([]byte, 100))
	d.want(abi.OK, ObjGetInfoByFD{FD: d.fd, InfoLen: 100, Info: short})
	d.want(abi.EFAULT, ObjGetInfoByFD{FD: d.fd, InfoLen: 101, Info: short})
}

// hash and hash_size are inputs; the second row of each pair asks the frozen map (measured).
func TestInfoHash(t *testing.T) {
	for _, tt := range []struct {
		typ             abi.MapType
		size            uint32
		nowhere, frozen bool
		want            abi.Errno
	}{
		{abi.Hash, 32, false, true, abi.EINVAL},
		{abi.LRUHash, 32, false, true, abi.EINVAL},
		{abi.Queue, 32, false, true, abi.EINVAL},
		{abi.Stack, 32, false, true, abi.EINVAL},
		{abi.Array, 31, true, false, abi.EINVAL},
		{abi.Array, 0, true, true, abi.EINVAL},
		{abi.Array, 33, false, true, abi.EINVAL},
		{abi.Array, 32, true, false, abi.EPERM},
		{abi.Array, 32, true, true, abi.EFAULT},
		{abi.Array, 32, false, true, abi.OK},
	} {
		d := newDesk(t, tt.typ, 0)
		hash := d.Arena.Alloc(32)
		if tt.nowhere {
			hash = nowhere
		}
		if tt.frozen {
			d.must(MapFreeze{FD: d.fd})
		}
		d.want(tt.want, ObjGetInfoByFD{FD: d.fd, InfoLen: 104, Info: d.infoBuffer(104, 0, hash, tt.size)})
		d.want(abi.EINVAL, ObjGetInfoByFD{FD: d.fd, InfoLen: 104, Info: d.infoBuffer(104, 0, 0, 32)})
	}
}

func TestInfoHashIsThatOfThePaddedElements(t *testing.T) {
	d := newDesk(t, abi.Array, 0)
	fd := d.must(MapCreate{Type: abi.Array, KeySize: 4, ValueSize: 5, MaxEntries: 2})
	d.must(MapUpdateElem{FD: fd, Key: d.key, Value: d.Arena.Put([]byte("abcde"))})
	d.must(MapFreeze{FD: fd})
	hash := d.Arena.Alloc(32)
	d.must(ObjGetInfoByFD{FD: fd, InfoLen: 104, Info: d.infoBuffer(104, 0, hash, 32)})
	want := sha256.Sum256([]byte("\x00\x00\x00\x00\x00\x00\x00\x00abcde\x00\x00\x00"))
	require.Equal(t, want[:], d.Arena.Bytes(hash, 32))
}

func TestFDInfo(t *testing.T) {
	c := NewCaller(NewKernel(Options{CPUs: 2}))
	fd, errno := c.Do(MapCreate{Type: abi.Hash, KeySize: 4, ValueSize: 8, MaxEntries: 10, Flags: abi.FlagReadOnlyProg | abi.FlagReadOnly})
	require.Equal(t, abi.OK, errno)
	file, _ := c.Process.Files.Get(fd)
	require.Equal(t, ReadOnly, file.Access())
	const want = "map_type:\t1\nkey_size:\t4\nvalue_size:\t8\nmax_entries:\t10\nmap_flags:\t0x80\nmap_extra:\t0x0\n" +
		"memlock:\t1936\nmap_id:\t1\nfrozen:\t0\n"
	require.Equal(t, want, file.Map().FDInfo())
}
