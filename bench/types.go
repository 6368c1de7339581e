package bench

import (
	"encoding/binary"
	"fmt"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/kernel"
	bpfsys "github.com/bpfsim/bpfsim/syscall"
)

const (
	// typeEntries is the number of elements in the maps of typeRows.
	typeEntries = 10_000
	// outerEntries is that of a map of maps.
	outerEntries = 1000
)

// typed is a map type as typeRows measures it, with keys of 4 and values of 8 bytes where it allows them.
type typed struct {
	bpfsys.MapCreate
	// put makes key and value those of element i where they are not those of a HASH; fill fills the map.
	put  func(m *hashMap, i int)
	fill func(m *hashMap)
	// apart means that elements lie anywhere and are not in the order of the walk.
	apart bool
	// looks are the records that a call on an element looks at, their sizes in bytes and numbers; none are those of a HASH.
	looks [][2]int
	rows  []string
}

// Rows of types with and without keys that come and go.
var (
	hashRows  = []string{"lookup hit", "update", "delete + insert", "next key", "DUMP", "LOOKUP_BATCH", "DUMP_AND_DELETE", "LOOKUP_AND_DELETE_BATCH"}
	arrayRows = []string{"lookup hit", "update", "next key", "DUMP", "LOOKUP_BATCH"}
)

// typedMaps are the types.
func typedMaps(cpus int) []typed {
	node := [2]int{28, 2 * typeEntries}
	bits := [2]int{8, 2048}
	return []typed{
		{MapCreate: bpfsys.MapCreate{Type: abi.PerCPUHash}, rows: hashRows},
		{MapCreate: bpfsys.MapCreate{Type: abi.PerCPUArray}, rows: arrayRows, looks: [][2]int{{8 * cpus, typeEntries}}},
		{MapCreate: bpfsys.MapCreate{Type: abi.LRUPerCPUHash, MaxEntries: 2 * typeEntries}, rows: hashRows, apart: true}, // nothing is evicted
		{
			MapCreate: bpfsys.MapCreate{Type: abi.LPMTrie, KeySize: 8, Flags: abi.FlagNoPrealloc}, apart: true, put: putAddress,
			rows: hashRows[:7], looks: [][2]int{{8, 1 << 14}, node, node},
		},
		{
			MapCreate: bpfsys.MapCreate{Type: abi.BloomFilter}, rows: arrayRows[:2], looks: [][2]int{bits, bits, bits, bits, bits},
			put: func(m *hashMap, i int) { putUint32(m.val.bytes, i) },
		},
		// Linux waits for all CPUs behind each update of a map of maps.
		{
			MapCreate: bpfsys.MapCreate{Type: abi.ArrayOfMaps, ValueSize: 4, MaxEntries: outerEntries}, fill: fillOuter,
			rows: []string{"lookup hit", "next key", "DUMP", "LOOKUP_BATCH"}, looks: [][2]int{{8, outerEntries}},
		},
		{
			MapCreate: bpfsys.MapCreate{Type: abi.HashOfMaps, ValueSize: 4, MaxEntries: outerEntries}, fill: fillOuter,
			rows: []string{"lookup hit", "next key", "DUMP", "LOOKUP_BATCH", "DUMP_AND_DELETE", "LOOKUP_AND_DELETE_BATCH"},
		},
	}
}

// putAddress makes key i an IPv4 address far from the others, with a prefix of its own.
func putAddress(m *hashMap, i int) {
	const spread = 2654435769 // odd, so that no two addresses are the same
	putUint32(m.key.bytes, 32)
	binary.BigEndian.PutUint32(m.key.bytes[4:], uint32(i)*spread)
}

// fillOuter fills a map of maps at once: Linux waits for all CPUs behind each call.
func fillOuter(m *hashMap) {
	keys, values := newBuffer(m, 4*m.entries), newBuffer(m, 4*m.entries)
	for i := range m.entries {
		putUint32(keys.bytes[4*i:], i)
		putUint32(values.bytes[4*i:], int(m.inner))
	}
	fill := prepare(m, bpfsys.MapUpdateBatch{FD: m.fd, Keys: keys.addr, Values: values.addr, Count: uint32(m.entries)})
	m.fill = func() {
		fill.rewind()
		fill.must(abi.OK)
	}
}

// make makes a full map of the type.
func (y typed) make(k system, cpus int) *hashMap {
	create := y.MapCreate
	m := &hashMap{system: k, shape: y.shape(cpus), put: y.put}
	create.KeySize = uint32(m.shape.key)
	if create.ValueSize == 0 {
		create.ValueSize = 8
	}
	if create.MaxEntries == 0 {
		create.MaxEntries = typeEntries
	}
	if y.fill != nil {
		first := prepare(k, bpfsys.MapCreate{Type: abi.Array, KeySize: 4, ValueSize: 8, MaxEntries: 1})
		m.inner = first.must(abi.OK)
		create.InnerMapFD = m.inner
	}
	call := prepare(k, create)
	m.fd, m.order = call.must(abi.OK), newPermutation(m.entries, 0)
	m.prepare()
	if y.fill != nil {
		y.fill(m)
	}
	m.refill()
	return m
}

// shape is that of the full map, as user space sees it.
func (y typed) shape(cpus int) shape {
	s := shape{typeEntries, 4, 8}
	switch y.Type {
	case abi.PerCPUHash, abi.PerCPUArray, abi.LRUPerCPUHash:
		s.value *= cpus
	case abi.LPMTrie:
		s.key = 8
	case abi.BloomFilter:
		s.key = 0
	case abi.ArrayOfMaps, abi.HashOfMaps:
		s.entries, s.value = outerEntries, 4
	}
	return s
}

// limit is its memory without the map.
func (y typed) limit(s shape) *bare {
	b := newBareOf(s, y.apart)
	if y.looks != nil {
		b.elem = newLooks(s.entries, s.value, y.looks...)
	}
	return b
}

// typeOp is a row of a type.
type typeOp struct {
	rival string
	floor float64
	ours  func(*dumper) runner
	bare  func(*bare) runner
}

// typeOps are the rows, of which those about many elements compare with what Linux has for the purpose.
var typeOps = map[string]typeOp{
	"lookup hit":      {"Linux", elementFloor, each((*hashMap).hit), bareEach((*bare).hit)},
	"update":          {"Linux", elementFloor, each((*hashMap).set), bareEach((*bare).set)},
	"delete + insert": {"Linux", elementFloor, each((*hashMap).swap), bareEach((*bare).swap)},
	"next key":        {"Linux", elementFloor, each((*hashMap).walk), bareEach((*bare).next)},
	"DUMP":            {"Linux key by key", dumpFloor, whole((*dumper).all), bareEach((*bare).dump)},
	"LOOKUP_BATCH":    {"Linux LOOKUP_BATCH", elementFloor, whole((*dumper).batches), bareEach((*bare).batch)},
	"DUMP_AND_DELETE": {"Linux key by key", takeFloor, emptied((*dumper).takeAll), func(b *bare) runner {
		return runner{run: b.take, reset: b.refill, batch: b.entries}
	}},
	"LOOKUP_AND_DELETE_BATCH": {"Linux LOOKUP_AND_DELETE_BATCH", takeFloor, emptied((*dumper).takeBatch), func(b *bare) runner {
		return runner{run: b.takeBatch, reset: b.refill, batch: b.entries}
	}},
}

func each(op func(*hashMap, int)) func(*dumper) runner {
	return func(d *dumper) runner { return runner{run: func(n int) { op(d.hashMap, n) }} }
}

func whole(op func(*dumper, int)) func(*dumper) runner {
	return func(d *dumper) runner { return runner{run: func(n int) { op(d, n) }, batch: passes * d.entries} }
}

func emptied(op func(*dumper, int)) func(*dumper) runner {
	return func(d *dumper) runner {
		return runner{run: func(n int) { op(d, n) }, reset: d.refill, batch: d.entries}
	}
}

func bareEach(op func(*bare, int)) func(*bare) runner {
	return func(b *bare) runner { return runner{run: func(n int) { op(b, n) }} }
}

// onLinux is what Linux does for the purpose of the row.
func (o typeOp) onLinux(d *dumper) runner {
	switch {
	case o.rival != "Linux key by key":
		return o.ours(d)
	case o.floor == takeFloor:
		return runner{run: d.takeEach, reset: d.refill, batch: d.entries}
	}
	return runner{run: d.walkValues}
}

// typeRows measures the types beside HASH, on as many CPUs as this machine has.
func typeRows(s *session) {
	cpus := kernel.PossibleCPUs()
	for _, y := range typedMaps(cpus) {
		size := y.shape(cpus)
		limit := y.limit(size)
		ours := newDumper(y.make(newEmulatedOf(cpus), cpus), size.entries)
		var linux *dumper
		if s.linux != nil {
			s.linux.Reset()
			linux = newDumper(y.make(s.linux, cpus), size.entries)
		}
		for _, name := range y.rows {
			op := typeOps[name]
			runners := []runner{op.ours(ours), op.bare(limit)}
			if linux != nil {
				runners = append(runners, op.onLinux(linux))
			}
			t := s.race(runners...)
			what := fmt.Sprintf("%s: %s, %s", y.Type, name, size)
			s.versus(t, 0, 2, 1, goal{floor: op.floor}, Row{What: what, Rival: op.rival}.of(size))
			refillBoth(ours, linux)
		}
	}
}

// refillBoth fills what a row has emptied.
func refillBoth(ours, linux *dumper) {
	ours.refill()
	if linux != nil {
		linux.refill()
	}
}
