package program

import (
	"bytes"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/model"
)

// maxMapBytes bounds the memory of one map: Linux has no limit of its own, and the OOM killer ends whatever it likes.
const maxMapBytes = 64 << 20

// Load sets user memory as c says and makes c the call to make.
//
// A program may come from a fuzzer, and a real kernel believes every pointer. So load changes, in memory and alike on
// every kernel, what would reach beyond the program: pointers to memory that is not the arena's, fds of the process
// that runs the program, maps larger than maxMapBytes, files outside bpffs, and what the machine is without. It does
// nothing to what a kernel refuses before it acts.
func (a *Arena) Load(m *Machine, c *Call) {
	a.Poke(c.Attr, c.Contents)
	for _, w := range c.Memory {
		a.Poke(w.Addr, w.Bytes)
	}
	if c.Cmd < abi.NumLinuxCmds && !LayoutOf(c.Cmd).known || onBTF(c.Cmd) && !m.Has(BTF) || (onPrograms(c.Cmd) || OnEvents(c.Cmd)) && !m.Has(Programs) {
		c.Cmd += abi.NumLinuxCmds // known to Linux, but not to bpfsim, whose answer is another
	}
	if c.Cmd == abi.MapDumpAndDelete && !m.Has(DumpAndDelete) {
		c.Cmd += numOwnCmds
	}
	t := sanitizer{arena: a, machine: m, cmd: c.Cmd, addr: c.Attr, attr: a.Span(c.Attr, int(min(c.Size, abi.AttrSize)), ToPoke)}
	if c.Size <= abi.MaxAttrSize && len(t.attr) == int(min(c.Size, abi.AttrSize)) {
		t.sanitize()
	}
	if MakesFD(c.Cmd) && !OurFD(c.As) {
		c.As = FirstFD
	}
}

// numOwnCmds is added to one of the project's own commands to make it unknown to every kernel.
const numOwnCmds = 1000

// sanitizer makes one call harmless. attr is the part of attr that the kernel copies, in place.
type sanitizer struct {
	arena   *Arena
	machine *Machine
	cmd     abi.Cmd
	addr    uint64
	attr    []byte
}

func (t *sanitizer) sanitize() {
	l := LayoutOf(t.cmd)
	fields := l.Fields
	if len(t.attr) >= l.whole { // as a rule
		fields = l.beyond
	}
	for i := range fields {
		t.field(&fields[i])
	}
	switch t.cmd {
	case abi.MapCreate:
		t.create()
	case abi.ObjPin, abi.ObjGet:
		t.object()
	case abi.ObjGetInfoByFD:
		t.info()
	case abi.BTFLoad:
		t.log()
	case abi.BTFGetFDByID:
		t.openTypes()
	case abi.ProgLoad:
		t.load()
	case abi.LinkCreate:
		t.link()
	case abi.ProgAttach, abi.ProgDetach:
		t.place(8)
	case abi.ProgQuery:
		t.place(4)
		t.queryLists()
	case abi.RawTracepointOpen:
		t.tracepoint()
	case abi.PerfEventOpen, abi.PerfIoctl:
		t.eventCall()
	case abi.MapDumpJuly:
		if !t.machine.Has(DumpBucket) {
			t.set(abi.JulyFlags, 8, t.get(abi.JulyFlags, 8)&^abi.DumpBucket)
		}
	}
}

// field sanitizes a pointer or an fd. Half a pointer or id is an address or id that no program can mean.
func (t *sanitizer) field(f *abi.Field) {
	if f.Offset >= len(t.attr) {
		return
	}
	b := t.attr[f.Offset:min(len(t.attr), f.End())]
	switch {
	case len(b) < f.Size:
		clear(b)
	case f.Kind.Address() && !harmless(Word(b)):
		PutWord(b, Base+Word(b)%ArenaSize)
	case f.Kind == abi.FD && !programFD(int32(Word(b))):
		PutWord(b, uint64(FirstFD)+Word(b)%uint64(NumFDs))
	}
}

// harmless reports whether addr is in or beside the arena, or surely unmapped (mmap_min_addr, the kernel's half).
func harmless(addr uint64) bool {
	return addr < PageSize || addr >= 1<<63 || addr >= Base-PageSize && addr < Base+ArenaSize+PageSize || inExtra(addr)
}

// emptyAbove reports whether addr is one above 4 GiB at which no process has anything: where struct bpf_btf_info has the address of a name
// struct bpf_prog_info has the length of the instructions in the upper half. Go's heap begins at 0xc0 << 32.
func emptyAbove(addr uint64) bool {
	high := addr >> 32
	return uint32(addr) == 0 && high < 0x1000 && (high < 0xc0 || high > 0xff)
}

func OurFD(n int32) bool { return n >= FirstFD && n < FirstFD+NumFDs }

func programFD(n int32) bool { return n < 3 || OurFD(n) }

// get reads a field of attr, bytes behind the end being zero.
func (t *sanitizer) get(offset, size int) uint64 {
	var b [8]byte
	if offset < len(t.attr) {
		copy(b[:size], t.attr[offset:])
	}
	return Word(b[:])
}

// set writes a field of attr, as far as it is there.
func (t *sanitizer) set(offset, size int, v uint64) {
	var b [8]byte
	PutWord(b[:size], v)
	if offset < len(t.attr) {
		copy(t.attr[offset:], b[:size])
	}
}

// Nowhere is the number of a NUMA node or network device that no machine has.
const Nowhere = 0x7ffffffe

func (t *sanitizer) create() {
	if !t.machine.Has(BTF) {
		t.set(abi.CreateBTFKeyTypeID, 4, 0)
		t.set(abi.CreateBTFValueTypeID, 4, 0)
	}
	if t.get(abi.CreateMapIfindex, 4) > 1 { // 1 is lo, which every network namespace has
		t.set(abi.CreateMapIfindex, 4, Nowhere)
	}
	if node := t.get(abi.CreateNumaNode, 4); node != 0 && node != uint64(abi.AnyNode) {
		t.set(abi.CreateNumaNode, 4, Nowhere)
	}
	if typ := abi.MapType(t.get(abi.CreateMapType, 4)); typ < abi.NumMapTypes && !t.makes(typ) {
		t.set(abi.CreateMapType, 4, uint64(abi.NumMapTypes+typ))
	}
	if abi.MapType(t.get(abi.CreateMapType, 4)) == abi.StructOps && t.get(abi.CreateBTFVmlinuxValueTID, 4) != 0 {
		t.set(abi.CreateBTFVmlinuxValueTID, 4, notOps)
	}
	t.bound()
}

// notOps is a type of every kernel's BTF that is no struct of functions: the first one is an integer.
const notOps = 1

// makes reports whether typ is a type that all kernels have and answer alike for, or none at all.
func (t *sanitizer) makes(typ abi.MapType) bool {
	if typ == abi.StructOps && !t.machine.Has(Programs) {
		return false
	}
	return typ == abi.Unspec || model.HasRules(typ)
}

// bound makes max_entries, and value_size where that does not do, small enough.
func (t *sanitizer) bound() {
	key, value := t.get(abi.CreateKeySize, 4), t.get(abi.CreateValueSize, 4)
	entries := t.get(abi.CreateMaxEntries, 4)
	typ := min(abi.MapType(t.get(abi.CreateMapType, 4)), abi.NumMapTypes)
	if refused := mapTypes[typ].refused; refused != nil && refused(key, value, entries) {
		return
	}
	size := uint64(ValueBytes(typ, int(value), t.machine.CPUs))
	if size > maxValueSize {
		t.set(abi.CreateValueSize, 4, 8)
		size = uint64(ValueBytes(typ, 8, t.machine.CPUs))
	}
	if most := maxMapBytes/(key+size+elementOverhead) - 1; entries > most {
		t.set(abi.CreateMaxEntries, 4, max(most, 1))
	}
}

// log makes a log that cannot be written as a whole one without a buffer, which is refused: what Linux leaves of a text that
// neither fits nor can be written is not told by the text.
func (t *sanitizer) log() {
	buf, size := t.get(abi.BTFLoadLogBuf, 8), t.get(abi.BTFLoadLogSize, 4)
	if size > ArenaSize || len(t.arena.Span(buf, int(size), ToWrite)) < int(size) {
		t.set(abi.BTFLoadLogBuf, 8, 0)
	}
}

// object keeps paths inside bpffs, or where surely nothing is, and takes away directory fds, which they are not relative to.
func (t *sanitizer) object() {
	if t.get(abi.ObjPathFD, 4) != 0 {
		t.set(abi.ObjFileFlags, 4, t.get(abi.ObjFileFlags, 4)&^uint64(abi.FlagPathFD))
	}
	path := t.get(abi.ObjPathname, 8)
	text := t.arena.Span(path, len(BPFFS), ToRead)
	if !bytes.HasPrefix(text, []byte(BPFFS)) && !bytes.HasPrefix(text, []byte("/nowhere")) {
		t.arena.Poke(path, []byte{0})
	}
}

// info keeps the pointers in struct bpf_map_info and struct bpf_btf_info harmless.
func (t *sanitizer) info() {
	addr := t.get(abi.InfoPtr, 8)
	if t.machine.Has(Programs) {
		t.linkInfo(addr)
		t.programInfo(addr)
	}
	for _, offset := range []uint64{abi.MapInfoHash, abi.BTFInfoData, abi.BTFInfoName} {
		b := t.arena.Span(addr+offset, 8, ToPoke)
		if len(b) == 8 && !harmless(Word(b)) && (offset != abi.BTFInfoName || !emptyAbove(Word(b))) {
			clear(b)
		}
	}
}
