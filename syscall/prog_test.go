package bpfsys

import (
	"encoding/binary"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
	"github.com/stretchr/testify/require"
)

const codeMove = opMove | classALU64 // r0 = imm

func insns(words ...uint64) (b []byte) {
	for _, w := range words {
		b = binary.LittleEndian.AppendUint64(b, w)
	}
	return b
}

// What 6.18 accepts of these is accepted, and what it refuses for a reason that a probe could ask for has its errno;
// other programs are not for loading here.
func TestProgLoad(t *testing.T) {
	mov, exit := uint64(codeMove), uint64(codeExit)
	for _, tt := range []struct {
		name   string
		insns  []byte
		change func(*ProgLoad)
		want   abi.Errno
	}{
		{"r0 = 0", insns(mov, exit), func(*ProgLoad) {}, abi.OK},
		{"r0 = -1", insns(mov|0xffffffff<<32, exit), func(*ProgLoad) {}, abi.OK},
		{"with a name", insns(mov, exit), func(p *ProgLoad) { p.Name = NameOf("libbpf_nametest") }, abi.OK},
		{"with a bad name", insns(mov, exit), func(p *ProgLoad) { p.Name = NameOf("bad name") }, abi.EINVAL},
		{"time", insns(callCoarseTime, exit), func(*ProgLoad) {}, abi.OK},
		{"instructions nowhere", nil, func(p *ProgLoad) { p.Insns = nowhere }, abi.EFAULT},
		{"license nowhere", insns(mov, exit), func(p *ProgLoad) { p.License = nowhere }, abi.EFAULT},
		{"r1 = 0", insns(mov|1<<8, exit), func(*ProgLoad) {}, abi.EINVAL},
		{"no exit", insns(mov, mov), func(*ProgLoad) {}, abi.EINVAL},
		{"another helper", insns(0x85|1<<32, exit), func(*ProgLoad) {}, abi.EINVAL},
		{"three instructions", insns(mov, mov, exit), func(p *ProgLoad) { p.InsnCnt = 3 }, abi.OK},
		{"ld_imm64", insns(codeLoad64, 0, exit), func(p *ProgLoad) { p.InsnCnt = 3 }, abi.OK},
		{"half of a ld_imm64", insns(mov, codeLoad64), func(*ProgLoad) {}, abi.EINVAL},
		{"sleepable", insns(mov, exit), func(p *ProgLoad) { p.Flags = 16 }, abi.EINVAL},
		{"no instruction", nil, func(p *ProgLoad) { p.InsnCnt = 0 }, abi.E2BIG},
		{"kprobe", insns(mov, exit), func(p *ProgLoad) { p.Type = abi.ProgKprobe }, abi.EINVAL},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDesk(t, abi.Hash, 0)
			args := ProgLoad{Type: abi.ProgSocketFilter, InsnCnt: 2, Insns: d.Arena.Put(tt.insns), License: d.path("GPL")}
			tt.change(&args)
			d.want(tt.want, args)
			d.Process.Caps = Caps{}
			d.want(abi.EPERM, args)
		})
	}
}

// The fd of a program is no map.
func TestProgramIsNoMap(t *testing.T) {
	d := newDesk(t, abi.Hash, 0)
	fd := d.must(ProgLoad{
		Type: abi.ProgSocketFilter, InsnCnt: 2, Insns: d.Arena.Put(insns(codeMove, codeExit)), License: d.path("GPL"),
	})
	d.want(abi.EINVAL, MapFreeze{FD: fd})
	d.want(abi.EINVAL, MapLookupElem{FD: fd, Key: d.key, Value: d.val})
	d.want(abi.EINVAL, MapDump{FD: fd})
	d.want(abi.EINVAL, ObjPin{FD: fd, Pathname: d.path(BPFFS + "/p")})
	d.want(abi.EINVAL, ObjGetInfoByFD{FD: fd})
	file, open := d.Process.Files.Get(fd)
	require.True(t, open)
	require.Nil(t, file.Map())
	d.close(fd)
	d.want(abi.EBADF, MapFreeze{FD: fd})
}

// idler is a machine on which nobody else runs.
type idler struct{}

func (idler) Step(*maps.Task, maps.Point) {}

func (idler) Lock(*maps.Task, *maps.Lock) {}

// A program whose array of fds names a map keeps nothing of it, on a machine, where a call holds what its fds stand for.
func TestProgLoadLeavesMapsOfItsFDArray(t *testing.T) {
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
		require.Empty(t, ids(d.Kernel))
	}
}
