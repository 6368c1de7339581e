package bpfsys

import (
	"strings"
	"sync"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/btf"
	"github.com/bpfsim/bpfsim/maps"
	"github.com/stretchr/testify/require"
)

// classifier loads a program for TCX.
func (d *desk) classifier() int32 {
	args := d.constant()
	args.Type = abi.ProgSchedCLS
	return d.must(args)
}

// lo is where programs are attached in these tests.
func lo(at abi.AttachType) Point { return Point{At: at, NetNS: FirstNetNS, Device: loopback} }

// A link holds its program, and a pin its link; with the last of both the program is attached no more.
func TestLifetimeOfLinks(t *testing.T) {
	d := newDesk(t, abi.Hash, 0)
	prog := d.classifier()
	link := d.must(LinkCreate{ProgFD: prog, Target: loopback, At: abi.AttachTCXIngress})
	d.close(prog)
	require.Len(t, d.Kernel.Programs(), 1)
	require.Len(t, d.Kernel.Attached(lo(abi.AttachTCXIngress)), 1)

	d.want(abi.OK, ObjPin{FD: link, Pathname: d.path(BPFFS + "/l")})
	d.close(link)
	require.Len(t, d.Kernel.Attached(lo(abi.AttachTCXIngress)), 1)
	d.want(abi.EINVAL, ObjGet{Pathname: d.path(BPFFS + "/l"), Flags: abi.FlagReadOnly})
	link = d.must(ObjGet{Pathname: d.path(BPFFS + "/l")})
	require.Equal(t, abi.OK, d.Process.FS.(*FileTree).Unlink(BPFFS+"/l"))
	require.Len(t, d.Kernel.Links(), 1)

	d.close(link)
	require.Empty(t, d.Kernel.Attachments())
	require.Empty(t, d.Kernel.Links())
	require.Empty(t, d.Kernel.Programs())
}

// LINK_DETACH leaves the link and its program, attached to nothing.
func TestDetachedLink(t *testing.T) {
	d := newDesk(t, abi.Hash, 0)
	prog := d.classifier()
	link := d.must(LinkCreate{ProgFD: prog, Target: loopback, At: abi.AttachTCXIngress})
	d.want(abi.OK, LinkDetach{FD: link})
	d.want(abi.OK, LinkDetach{FD: link})
	d.want(abi.ENOLINK, LinkUpdate{FD: link, NewFD: prog})
	require.Empty(t, d.Kernel.Attachments())
	d.close(prog)
	require.Len(t, d.Kernel.Programs(), 1)
	d.close(link)
	require.Empty(t, d.Kernel.Programs())
}

// A link's program can be replaced, and the old one is given back.
func TestUpdatedLink(t *testing.T) {
	d := newDesk(t, abi.Hash, 0)
	first, second := d.classifier(), d.classifier()
	link := d.must(LinkCreate{ProgFD: first, Target: loopback, At: abi.AttachTCXIngress})
	d.want(abi.EPERM, LinkUpdate{FD: link, NewFD: second, OldFD: second, Flags: linkReplace})
	d.want(abi.OK, LinkUpdate{FD: link, NewFD: second, OldFD: first, Flags: linkReplace})
	d.close(first)
	require.Len(t, d.Kernel.Programs(), 1)
	require.Equal(t, d.Kernel.Programs()[0], d.Kernel.Attached(lo(abi.AttachTCXIngress))[0].Program)
}

// A link that was put next to another one does not keep that.
func TestLinkKeepsNoNeighbour(t *testing.T) {
	d := newDesk(t, abi.Hash, 0)
	first := d.must(LinkCreate{ProgFD: d.classifier(), Target: loopback, At: abi.AttachTCXIngress})
	args := LinkCreate{ProgFD: d.classifier(), Target: loopback, At: abi.AttachTCXIngress, Flags: byLink | beforeProg}
	attr := args.Encode()
	attr.putFD(abi.LinkRelative, first)
	_, errno := d.Kernel.Bpf(d.Task, d.Process, uint32(abi.LinkCreate), d.Arena.Put(attr[:]), abi.AttrSize)
	require.Equal(t, abi.OK, errno)
	before := d.Kernel.Attached(lo(abi.AttachTCXIngress))
	require.Len(t, before, 2)
	d.close(first)
	require.Equal(t, before[:1], d.Kernel.Attached(lo(abi.AttachTCXIngress)))
}

// A program that PROG_ATTACH attached to a map of sockets is gone with the map; a link keeps the map.
func TestProgramsOfSockMaps(t *testing.T) {
	d := newDesk(t, abi.Hash, 0)
	sockets := d.must(MapCreate{Type: abi.SockMap, KeySize: 4, ValueSize: 4, MaxEntries: 1})
	load := d.constant()
	load.Type = abi.ProgSKSKB
	prog := d.must(load)
	d.want(abi.OK, ProgAttach{Target: sockets, ProgFD: prog, At: abi.AttachSKSKBStreamParser})
	link := d.must(LinkCreate{ProgFD: prog, Target: sockets, At: abi.AttachSKSKBVerdict})
	d.close(prog)
	before := len(d.Kernel.Maps())
	d.close(sockets)
	require.Len(t, d.Kernel.Maps(), before)
	require.Len(t, d.Kernel.Attachments(), 2)
	d.close(link)
	require.Len(t, d.Kernel.Maps(), before-1)
	require.Empty(t, d.Kernel.Attachments())
	require.Empty(t, d.Kernel.Programs())
}

// In a cgroup run the programs of those above it, too: first those with BPF_F_PREORDER, from the root down.
func TestOrderInCgroups(t *testing.T) {
	d := newDesk(t, abi.Hash, 0)
	d.Process.Host = lineHost{SmallHost{EmptyWorld{d.Process.Files}}}
	attach := func(cgroup int32, flags uint32) *Program {
		args := d.constant()
		args.Type = abi.ProgCgroupSKB
		prog := d.must(args)
		d.want(abi.OK, ProgAttach{Target: cgroup, ProgFD: prog, At: abi.AttachCgroupInetEgress, Flags: flags})
		all := d.Kernel.Programs()
		return all[len(all)-1]
	}
	const root, child = 100, 101
	a, b := attach(root, allowMulti), attach(root, allowMulti|preorder)
	c, e := attach(child, allowMulti), attach(child, allowMulti|preorder)
	var got []*Program
	for _, at := range d.Kernel.Attached(Point{Cgroup: child, At: abi.AttachCgroupInetEgress}) {
		got = append(got, at.Program)
	}
	require.Equal(t, []*Program{b, e, c, a}, got)
}

// lineHost has cgroups for fds from 100 on, each below the one before.
type lineHost struct{ SmallHost }

func (lineHost) CgroupLine(fd int32) (ids []uint64) {
	for id := fd; id >= 100; id-- {
		ids = append(ids, uint64(id))
	}
	return ids
}

// Many attach, update, ask and detach at once; nothing is left.
func TestConcurrentLinks(t *testing.T) {
	kernel := NewKernel(Options{})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			d := &desk{Caller: NewCaller(kernel), t: t}
			d.Task = &maps.Task{}
			ids := d.Arena.Alloc(64)
			for range 200 {
				prog, other := d.classifier(), d.classifier()
				link, errno := d.Do(LinkCreate{ProgFD: prog, Target: loopback, At: abi.AttachTCXIngress})
				if errno == abi.OK {
					d.Do(LinkUpdate{FD: link, NewFD: other})
					d.Do(ProgQuery{Target: loopback, At: abi.AttachTCXIngress, ProgIDs: ids, Count: 16})
					file, _ := d.Process.Files.Get(link)
					_ = file.Object().FDInfo()
					d.close(link)
				}
				d.close(prog)
				d.close(other)
			}
		})
	}
	wg.Wait()
	require.Empty(t, kernel.Attachments())
	require.Empty(t, kernel.Links())
	require.Empty(t, kernel.Programs())
}

// An iterator's fd reads nothing, and the host hears so. It holds the program, and not the link.
func TestIteratorIsEmpty(t *testing.T) {
	d := newDesk(t, abi.Hash, 0)
	var heard []Refusal
	d.Kernel.options.Refused = func(r Refusal) { heard = append(heard, r) }
	p := &Program{kernel: d.Kernel, kind: abi.ProgTracing, attach: abi.AttachTraceIter}
	p.refs.Store(1)
	d.Kernel.progs.add(p)
	prog, _ := d.Process.Files.Install(NewFile(p, ReadWrite))
	link := d.must(LinkCreate{ProgFD: prog, At: abi.AttachTraceIter})
	iter := d.must(IterCreate{FD: link})
	require.Equal(t, "BPF_ITER_CREATE of what a program writes, so that the file is empty, is not simulated", heard[0].String())
	file, _ := d.Process.Files.Get(iter)
	require.Equal(t, "bpf_iter", file.Object().Kind())
	d.want(abi.EINVAL, ObjGetInfoByFD{FD: iter})
	d.want(abi.EINVAL, ObjPin{FD: iter, Pathname: d.path(BPFFS + "/i")})
	d.close(link)
	require.Empty(t, d.Kernel.Links())
	d.close(prog)
	require.Len(t, d.Kernel.Programs(), 1)
	d.close(iter)
	require.Empty(t, d.Kernel.Programs())
}

// What a link at a kprobe tells of the function, the offset in it and the cookie (its info measured on Debian's 6.12).
func TestKprobeLinkTellsWhere(t *testing.T) {
	kernel := NewKernel(Options{})
	event := &PerfEvent{kernel: kernel, target: "vfs_read"}
	event.attr.kind, event.attr.config2 = kernel.options.Probes.Kprobe, 4
	place := perfPlace{event: event, cookie: 9}

	var text strings.Builder
	place.fdinfo(&text, nil, true)
	require.Equal(t, "name:\tvfs_read\noffset:\t0x4\nmissed:\t0\naddr:\t0x0\nevent_type:\tkprobe\ncookie:\t9\n", text.String())

	var info linkInfo
	require.Equal(t, abi.OK, place.info(&info, nil, true))
	require.Equal(t, []uint32{3, 9, 4, 9}, []uint32{info.u32(16), info.u32(32), info.u32(36), info.u32(56)}, "kind, length of the name, offset, cookie")
}

// A tracing program knows where it belongs: a name beside it is refused, before anybody asks whether it can be read.
func TestTracingTakesNoName(t *testing.T) {
	var b btf.Builder
	sched := b.Add(btf.FuncProto, "", 0, 0)
	tracepoint := b.Add(btf.Typedef, "btf_trace_sched_switch", 0, b.Add(btf.Ptr, "", 0, sched))
	types, errno := btf.Load(b.Bytes(), new(btf.Log))
	require.Equal(t, abi.OK, errno)
	d := &desk{Caller: NewCaller(NewKernel(Options{BTF: func() *btf.BTF { return types }})), t: t}
	args := d.constant()
	args.Type, args.AttachType, args.AttachBTFID = abi.ProgTracing, abi.AttachTraceRawTP, tracepoint
	program := d.must(args)
	d.want(abi.EINVAL, RawTracepointOpen{ProgFD: program, Name: d.path("sched_switch")})
	d.want(abi.EINVAL, RawTracepointOpen{ProgFD: program, Name: nowhere})
	d.must(RawTracepointOpen{ProgFD: program})
}
