package generator

import (
	"slices"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/btf"
	"github.com/bpfsim/bpfsim/proptest/program"
)

// btfShape is BTF as its loading asked for it.
type btfShape struct {
	fd      int32
	keys    map[int]uint32 // integers, and structs for other sizes, by size in bytes
	structs map[int]uint32 // structs by size
	values  []valueShape
	funcs   []uint32 // functions
}

// valueShape is a type for values.
type valueShape struct {
	size   int // bytes
	id     uint32
	locked bool // it has a bpf_spin_lock
	kept   bool // it has that or another field that the kernel keeps for itself
	pinned bool // it has a pointer to user memory, which TASK_STORAGE pins
	// hidden is a value with a list: user space reads an address of the kernel's there.
	hidden bool
}

// btfs are the parts of a BTF that is being drawn.
type btfParts struct {
	btf.Builder
	*btfShape
	word, long, char uint32
}

// newBTF draws types for keys of all sizes and for some values.
func (g *generator) newBTF() (*btfShape, []byte) {
	p := &btfParts{btfShape: &btfShape{keys: map[int]uint32{}, structs: map[int]uint32{}}}
	p.char, p.word, p.long = p.Int("char", 1), p.Int("int", 4), p.Int("long", 8)
	p.keys[1], p.keys[4], p.keys[8] = p.char, p.word, p.long
	p.keys[2], p.keys[16] = p.Int("short", 2), p.Int("wide", 16)
	for _, size := range []int{3, 5, 6, 7, 8, 12, 13, 20, 64} {
		array := p.Add(btf.Array, "", 0, 0, p.char, p.word, uint32(size))
		p.structs[size] = p.Struct("", uint32(size), btf.Member{Name: "data", Type: array})
		if p.keys[size] == 0 {
			p.keys[size] = p.structs[size]
		}
	}
	p.functions()
	p.value(8, p.long, false)
	p.value(12, p.structs[12], false)
	for range 1 + g.Intn(3) {
		pick(g, p.lock, p.timer, p.pointer, p.counter, p.tree, p.list, p.nested, p.lock, p.variables)(g)
	}
	return p.btfShape, p.Bytes()
}

func (p *btfParts) value(size int, id uint32, locked bool) {
	p.values = append(p.values, valueShape{size: size, id: id, locked: locked, kept: len(p.values) >= plainValues})
}

// plainValues are the first values, of which the kernel keeps nothing.
const plainValues = 2

// special is a struct of a name that the kernel knows.
func (p *btfParts) special(name string, size uint32) uint32 {
	return p.Struct(name, size, btf.Member{Name: "__opaque", Type: p.word})
}

// lock is a value with a lock somewhere, now and then two or one that is not aligned.
func (p *btfParts) lock(g *generator) {
	name := pick(g, "bpf_spin_lock", "bpf_spin_lock", "bpf_spin_lock", "bpf_res_spin_lock")
	at := pick[uint32](g, 0, 4, 8, 12)
	if chance(g, 5) {
		at++
	}
	members := []btf.Member{{Name: "l", Type: p.special(name, 4), Offset: at}}
	if chance(g, 10) {
		members = append(members, btf.Member{Name: "m", Type: members[0].Type, Offset: 16})
	}
	size := pick[uint32](g, 16, 24, 33)
	p.value(int(size), p.Struct("locked", max(size, 20*uint32(len(members)-1)), members...), name == "bpf_spin_lock")
}

// timer is a value with a timer or another thing that runs later.
func (p *btfParts) timer(g *generator) {
	name, size := "bpf_timer", uint32(16)
	switch g.Intn(3) {
	case 1:
		name = "bpf_wq"
	case 2:
		name, size = "bpf_task_work", 8
	}
	t := p.special(name, size)
	at := pick[uint32](g, 0, 8)
	p.value(int(at+size+8), p.Struct("later", at+size+8, btf.Member{Name: "t", Type: t, Offset: at}), false)
}

// pointer is a value with a pointer to a struct of the program's own, now and then an array of them.
func (p *btfParts) pointer(g *generator) {
	target := p.Struct("target_of_program", 8, btf.Member{Name: "x", Type: p.long})
	name := pick(g, "kptr_untrusted", "kptr_untrusted", "percpu_kptr", "kptr_untrusted", "uptr", "other")
	tag := p.Add(btf.TypeTag, name, 0, target)
	t, n := p.Add(btf.Ptr, "", 0, tag), uint32(1)
	if chance(g, 30) {
		n = pick[uint32](g, 2, 3, 12)
		t = p.Add(btf.Array, "", 0, 0, t, p.word, n)
	}
	p.value(int(8+8*n), p.Struct("pointing", 8+8*n, btf.Member{Name: "a", Type: p.long}, btf.Member{Name: "p", Type: t, Offset: 8}), false)
	p.values[len(p.values)-1].pinned = name == "uptr"
}

func (p *btfParts) counter(*generator) {
	t := p.special("bpf_refcount", 4)
	p.value(16, p.Struct("counted", 16, btf.Member{Name: "c", Type: t, Offset: 8}), false)
}

// nested has a lock in a struct in the value.
func (p *btfParts) nested(g *generator) {
	lock := p.special("bpf_spin_lock", 4)
	inner := p.Struct("inner", 8, btf.Member{Name: "l", Type: lock, Offset: pick[uint32](g, 0, 4)})
	p.value(24, p.Struct("outer", 24, btf.Member{Name: "i", Type: inner, Offset: 8}), true)
}

func (p *btfParts) tree(g *generator) { p.graph(g, "bpf_rb_root", "bpf_rb_node", 32, false) }
func (p *btfParts) list(g *generator) { p.graph(g, "bpf_list_head", "bpf_list_node", 24, true) }

// graph is a list or tree with its lock, mostly.
func (p *btfParts) graph(g *generator, root, node string, nodeSize uint32, hidden bool) {
	n := p.special(node, nodeSize)
	p.Struct("element", nodeSize+8, btf.Member{Name: "n", Type: n}, btf.Member{Name: "x", Type: p.long, Offset: nodeSize})
	r, members := p.special(root, 16), []btf.Member{}
	members = append(members, btf.Member{Name: "r", Type: r})
	if locked := !chance(g, 10); locked {
		members = append(members, btf.Member{Name: "l", Type: p.special("bpf_spin_lock", 4), Offset: 16})
	}
	id, contents := p.Struct("holder", 24, members...), "contains:element:n"
	if chance(g, 15) {
		contents = pick(g, "contains:element:x", "contains:nothing:n", "contains:element")
	}
	p.Add(btf.DeclTag, contents, 0, id, 0)
	p.values = append(p.values, valueShape{size: 24, id: id, locked: len(members) > 1, kept: true, hidden: hidden})
}

// variables is a section of a variable, as a compiler makes it of globals.
func (p *btfParts) variables(g *generator) {
	v := p.Add(btf.Var, "v", 0, p.long, uint32(g.Intn(2)))
	p.value(16, p.Add(btf.DataSec, ".data", 1, 16, v, 8, 8), false)
}

// aboutBTF loads BTF, makes a map with it, or asks for what there is.
func (g *generator) aboutBTF() {
	switch {
	case !g.machine.Has(program.BTF):
	case len(g.btfs) == 0 || chance(g, 30):
		g.single(g.loadBTF())
	case chance(g, 50):
		g.single(g.create())
	default:
		g.single(g.identifyBTF())
	}
}

// loadBTF loads BTF: as drawn, with some bytes changed, cut off, or nothing but noise.
func (g *generator) loadBTF() *program.Call {
	shape, data := g.newBTF()
	wrong := weighted(g, 65, 20, 8, 4, 3)
	switch wrong {
	case 1:
		for range 1 + g.Intn(2) {
			data[g.Intn(len(data))] = byte(g.Intn(256))
		}
	case 2:
		data[g.Intn(len(data))] ^= 1 << g.Intn(8)
	case 3:
		data = data[:g.Intn(len(data))]
	case 4:
		data = data[:24+g.Intn(64)]
		for i := 24 * g.Intn(2); i < len(data); i++ {
			data[i] = byte(g.Intn(256))
		}
	}
	c := g.loading(shape, data)
	a := program.Attr{Bytes: c.Contents}
	if chance(g, 30) {
		a.Set(abi.BTFLoadLogLevel, 4, pick[uint64](g, 1, 2, 4, 8, 9, 15))
		if !chance(g, 20) {
			a.Set(abi.BTFLoadLogBuf, 8, valuesAt)
			a.Set(abi.BTFLoadLogSize, 4, pick[uint64](g, 4096, 4096, 1024, 128, 1))
		}
	}
	if wrong == 0 || chance(g, 20) { // else it will hardly be there
		g.btfs = append(g.btfs, shape)
	}
	return c
}

// loading is the call that loads BTF.
func (g *generator) loading(shape *btfShape, data []byte) *program.Call {
	c := g.call(abi.BTFLoad)
	a := program.Attr{Bytes: c.Contents}
	a.Set(abi.BTFLoadData, 8, keysAt)
	a.Set(abi.BTFLoadSize, 4, uint64(len(data)))
	g.write(c, keysAt, data)
	c.As = g.newFD()
	shape.fd = c.As
	return c
}

// needBTF loads BTF, if there may be none, for what cannot be without.
func (g *generator) needBTF() {
	if len(g.btfs) > 0 && chance(g, 80) || !g.machine.Has(program.BTF) {
		return
	}
	shape, data := g.newBTF()
	g.add(g.loading(shape, data))
	g.btfs = append(g.btfs, shape)
}

// mapTypeIDs are the types of a map.
type mapTypeIDs struct {
	btf        int32 // fd
	key, value uint32
}

// typeMap gives m types, mostly fitting ones, and its value's size, where there is BTF.
func (g *generator) typeMap(m *mapShape, valueSize *int) {
	if len(g.btfs) == 0 || m.types != (mapTypeIDs{}) || !storage(m.typ) && !chance(g, 35) {
		return
	}
	b := g.btfs[len(g.btfs)-1]
	if chance(g, 20) {
		b = pick(g, g.btfs...)
	}
	value := pick(g, b.values...)
	if valueSizeFixed(m.typ) {
		value = valueShape{size: *valueSize, id: b.keys[*valueSize]}
	}
	key := b.keys[m.key]
	if m.typ == abi.LPMTrie && b.structs[m.key] != 0 {
		key = b.structs[m.key]
	}
	if m.typ == abi.TaskStorage && value.pinned {
		value = b.values[0]
	}
	if value.kept && m.key > 0 && !storage(m.typ) && chance(g, 60) { // a type that may have it
		m.typ, m.flags = abi.Hash, m.flags&(anyFlags|abi.FlagZeroSeed)|g.sometimes(10, abi.FlagReadOnlyProg)
	}
	*valueSize = value.size
	m.value = program.ValueBytes(m.typ, value.size, g.machine.CPUs)
	m.locked, m.hidden = value.locked, value.hidden
	if m.hidden {
		m.typ, m.flags = abi.Hash, m.flags&abi.FlagZeroSeed|abi.FlagWriteOnly
	}
	fd, id := b.fd, value.id
	switch g.Intn(20) {
	case 0:
		fd = g.doubtfulFD()
	case 1:
		key = pick[uint32](g, 0, 1, 2, 99, 1<<31, id)
	case 2:
		id = pick[uint32](g, 0, 1, 3, 99, 1<<32-1, key)
	}
	m.types = mapTypeIDs{fd, key, id}
}

// set puts the types into the attr of MapCreate.
func (t mapTypeIDs) set(a program.Attr) {
	a.Set(abi.CreateBTFFD, 4, uint64(uint32(t.btf)))
	a.Set(abi.CreateBTFKeyTypeID, 4, uint64(t.key))
	a.Set(abi.CreateBTFValueTypeID, 4, uint64(t.value))
}

// valueSizeFixed reports whether values are fds and the like, or nothing.
func valueSizeFixed(typ abi.MapType) bool {
	return outer(typ) || fixedValues[typ] != nil || typ == abi.RingBuf || typ == abi.UserRingBuf
}

// identifyBTF asks for ids of BTF, or what belongs to one.
func (g *generator) identifyBTF() *program.Call {
	cmd := pick(g, abi.ObjGetInfoByFD, abi.BTFGetNextID, abi.BTFGetFDByID)
	if cmd == abi.ObjGetInfoByFD {
		return g.btfInfo()
	}
	c := g.call(cmd)
	a := program.Attr{Bytes: c.Contents}
	a.Set(abi.IDStart, 4, uint64(g.Intn(pick(g, 3, len(g.btfs)+2))))
	if cmd == abi.BTFGetFDByID {
		c.As = g.newFD()
	}
	return c
}

// btfInfo asks for struct bpf_btf_info, and mostly for some of the data.
func (g *generator) btfInfo() *program.Call {
	c := g.call(abi.ObjGetInfoByFD)
	a := program.Attr{Bytes: c.Contents}
	a.Set(abi.InfoBPFFD, 4, uint64(uint32(pick(g, g.btfs...).fd)))
	a.Set(abi.InfoPtr, 8, infoAt)
	a.Set(abi.InfoLen, 4, uint64(pick(g, abi.BTFInfoSize, abi.BTFInfoSize, abi.BTFInfoSize, 16, 14, 0, abi.BTFInfoSize+8)))
	info := program.Attr{Bytes: g.bytes(abi.BTFInfoSize + 8)}
	info.Set(abi.BTFInfoData, 8, pick(g, valuesAt, valuesAt, 0, g.doubtfulAddress()))
	info.Set(abi.BTFInfoDataSize, 4, pick[uint64](g, 4096, 100, 0, 24, 1<<20))
	if chance(g, 20) {
		info.Set(abi.BTFInfoName, 8, pick(g, pathAt, pathAt, g.doubtfulAddress(), 0))
		info.Set(abi.BTFInfoNameLen, 4, pick[uint64](g, 16, 1, 0))
	}
	if chance(g, 5) {
		info.Bytes[g.Intn(len(info.Bytes))] = 0x80
	}
	g.write(c, infoAt, info.Bytes)
	return c
}

// forgetHidden drops the newest map where nothing of it can be compared.
func (g *generator) forgetHidden(m *mapShape) {
	if m.hidden {
		g.maps = slices.DeleteFunc(g.maps, func(o *mapShape) bool { return o == m })
	}
}

// lock is BPF_F_LOCK, now and then: mostly where there is a lock.
func (g *generator) lock(m *mapShape) uint64 {
	if m.locked && chance(g, 40) || chance(g, 1) {
		return abi.Lock
	}
	return 0
}
