package bpfsys

import (
	"encoding/binary"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/stretchr/testify/require"
)

// fading is a host whose device 7, cgroups and network namespace go when a test says so.
type fading struct {
	SmallHost
	left map[string]bool
}

func (f *fading) goes(what string) func() bool { return func() bool { return f.left[what] } }

func (f *fading) Device(index uint32) bool         { return index == 7 && !f.left["device"] }
func (f *fading) DeviceGone(uint32) func() bool    { return f.goes("device") }
func (f *fading) CgroupGone(int32) func() bool     { return f.goes("cgroup") }
func (f *fading) NetNS(int32) uint64               { return 5 }
func (f *fading) NetNSGone(int32) func() bool      { return f.goes("netns") }
func (f *fading) Cgroup(int32) (uint64, abi.Errno) { return 3, abi.OK }
func (f *fading) CgroupLine(int32) []uint64        { return []uint64{3, 1} }

// program loads one with storage at cgroups where a map is given.
func (d *desk) program(kind abi.ProgType, at abi.AttachType, storage int32) int32 {
	code := insns(codeMove, codeExit)
	if storage != 0 {
		code = nil
		for _, word := range []uint64{0x18 | 1<<8 | 1<<12 | uint64(storage)<<32, 0, 0xb7 | 2<<8, 0x85 | 81<<32, 0xb7, 0x95} {
			code = binary.LittleEndian.AppendUint64(code, word)
		}
	}
	return d.must(ProgLoad{Type: kind, AttachType: at, InsnCnt: uint32(len(code) / 8), Insns: d.Arena.Put(code), License: d.path("GPL")})
}

// What is attached to places that are gone is given back: links have their programs still, and say that they are nowhere.
func TestVanishedPlaces(t *testing.T) {
	d := newDesk(t, abi.Hash, 0)
	host := &fading{left: map[string]bool{}}
	d.Process.Host = host
	storage := d.must(MapCreate{Type: abi.CgroupStorage, KeySize: 8, ValueSize: 8})
	skb := d.program(abi.ProgCgroupSKB, abi.AttachCgroupInetIngress, storage)
	links := map[string]int32{
		"xdp":    d.must(LinkCreate{ProgFD: d.program(abi.ProgXDP, 0, 0), Target: 7, At: abi.AttachXDP}),
		"tcx":    d.must(LinkCreate{ProgFD: d.program(abi.ProgSchedCLS, 0, 0), Target: 7, At: abi.AttachTCXIngress}),
		"cgroup": d.must(LinkCreate{ProgFD: skb, Target: 9, At: abi.AttachCgroupInetIngress}),
		"netns":  d.must(LinkCreate{ProgFD: d.program(abi.ProgSKLookup, abi.AttachSKLookup, 0), Target: 9, At: abi.AttachSKLookup}),
	}
	d.must(ProgAttach{Target: 7, ProgFD: d.program(abi.ProgSchedCLS, 0, 0), At: abi.AttachTCXEgress})
	d.must(ProgAttach{Target: 9, ProgFD: d.program(abi.ProgCgroupSKB, abi.AttachCgroupInetIngress, 0), At: abi.AttachCgroupInetEgress, Flags: allowMulti})
	require.Len(t, d.Kernel.Attachments(), 6)
	next := d.Arena.Alloc(8)
	d.want(abi.OK, MapGetNextKey{FD: storage, NextKey: next})
	require.Equal(t, uint64(3), binary.NativeEndian.Uint64(d.Arena.Bytes(next, 8)))
	d.want(abi.ENOENT, MapGetNextKey{FD: storage, Key: next, NextKey: next})

	for _, what := range []string{"device", "cgroup", "netns"} {
		host.left[what] = true
	}
	d.want(abi.ENOENT, MapGetNextKey{FD: storage, NextKey: next})
	d.want(abi.ENOLINK, LinkUpdate{FD: links["tcx"], NewFD: skb})
	for kind, fd := range links {
		file, _ := d.Process.Files.Get(fd)
		l := file.Object().(*Link)
		require.Regexp(t, `(ifindex|cgroup_id|netns_ino):\t0\n`, l.FDInfo(), kind)
		require.NotNil(t, l.Program(), kind)
		d.want(abi.OK, LinkDetach{FD: fd})
	}
	require.Empty(t, d.Kernel.Attachments())
	require.Empty(t, d.Kernel.hooks.gone, "nobody asks about them again")
}
