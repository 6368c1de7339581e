package bpfsys

import (
	"encoding/binary"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
	"github.com/stretchr/testify/require"
)

const (
	codeMove = 0xb7 // r0 = imm
	codeCall = 0x85
	codeExit = 0x95
)

func insns(words ...uint64) (b []byte) {
	for _, w := range words {
		b = binary.LittleEndian.AppendUint64(b, w)
	}
	return b
}

// What 6.18 finds wrong before it looks at the instructions.
func TestProgLoad(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*ProgLoad)
		want   abi.Errno
	}{
		{"r0 = 0", func(*ProgLoad) {}, abi.OK},
		{"kprobe", func(p *ProgLoad) { p.Type = abi.ProgKprobe }, abi.OK},
		{"with a name", func(p *ProgLoad) { p.Name = NameOf("libbpf_nametest") }, abi.OK},
		{"with a bad name", func(p *ProgLoad) { p.Name = NameOf("bad name") }, abi.EINVAL},
		{"instructions nowhere", func(p *ProgLoad) { p.Insns = nowhere }, abi.EFAULT},
		{"license nowhere", func(p *ProgLoad) { p.License = nowhere }, abi.EFAULT},
		{"no instruction", func(p *ProgLoad) { p.InsnCnt = 0 }, abi.E2BIG},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDesk(t, abi.Hash, 0)
			args := d.constant()
			tt.change(&args)
			d.want(tt.want, args)
			d.Process.Caps = Caps{}
			d.want(abi.EPERM, args)
		})
	}
}

// constant is a socket filter that returns 0.
func (d *desk) constant() ProgLoad {
	return ProgLoad{
		Type: abi.ProgSocketFilter, InsnCnt: 2, Insns: d.Arena.Put(insns(codeMove, codeExit)), License: d.path("GPL"),
	}
}

// A program has an id as long as a fd or a pin holds it.
func TestProgramObjects(t *testing.T) {
	d := newDesk(t, abi.Hash, 0)
	d.Process.UID = 7
	args := d.constant()
	args.Name = NameOf("first")
	fd := d.must(args)
	p := d.Kernel.Programs()[0]
	require.Equal(t, "first", p.Name())
	require.Equal(t, abi.ProgSocketFilter, p.Type())
	d.must(ProgGetNextID{})
	var next ProgGetNextID
	next.Decode(d.Attr().fields())
	require.Equal(t, p.ID(), next.NextID)
	d.want(abi.ENOENT, ProgGetNextID{StartID: p.ID()})
	again := d.must(ProgGetFDByID{ID: p.ID()})
	d.want(abi.ENOENT, ProgGetFDByID{ID: p.ID() + 1})
	d.want(abi.OK, ObjPin{FD: fd, Pathname: d.path(BPFFS + "/p")})
	d.close(fd)
	d.close(again)
	require.Len(t, d.Kernel.Programs(), 1)
	again = d.must(ObjGet{Pathname: d.path(BPFFS + "/p")})
	require.Equal(t, abi.OK, d.Process.FS.(*FileTree).Unlink(BPFFS+"/p"))
	require.Len(t, d.Kernel.Programs(), 1)
	d.close(again)
	require.Empty(t, d.Kernel.Programs())
}

// The fd of a program is no map.
func TestProgramIsNoMap(t *testing.T) {
	d := newDesk(t, abi.Hash, 0)
	fd := d.must(d.constant())
	d.want(abi.EINVAL, MapFreeze{FD: fd})
	d.want(abi.EINVAL, MapLookupElem{FD: fd, Key: d.key, Value: d.val})
	d.want(abi.EINVAL, MapDump{FD: fd})
	file, open := d.Process.Files.Get(fd)
	require.True(t, open)
	require.Nil(t, file.Map())
	d.close(fd)
	d.want(abi.EBADF, MapFreeze{FD: fd})
}

// idler is a machine on which nobody else runs.
type idler struct{}

func (idler) Step(*maps.Task, maps.Point) {}

func (idler) Lock(*maps.Task, *maps.Lock)   {}
func (idler) Touch(*maps.Task, maps.Access) {}

// A program whose array of fds names a map keeps it, and nothing of it when it does not load, on a machine, where a call holds what its fds stand for.
func TestProgLoadHoldsMapsOfItsFDArray(t *testing.T) {
	for _, last := range []uint32{3, 99} {
		d := newDesk(t, abi.Hash, 0)
		d.Task.Scheduler = idler{}
		d.close(4)
		load := ProgLoad{
			Type: abi.ProgSocketFilter, InsnCnt: 2, Insns: d.Arena.Put(insns(codeMove, codeExit)), License: d.Arena.Put([]byte("GPL\x00")),
			FDArray: d.Arena.Put(append(le32(3), le32(last)...)), FDArrayCnt: 2,
		}
		d.want(map[uint32]abi.Errno{3: abi.OK, 99: abi.EBADF}[last], load)
		d.close(3)
		if last == 3 {
			require.Equal(t, []uint32{1}, ids(d.Kernel))
			d.close(4)
		}
		require.Empty(t, ids(d.Kernel))
	}
}
