package bench

import (
	"runtime"

	"github.com/bpfsim/bpfsim/abi"
)

// bounded is a line about something that must not exceed Theirs.
func (s *session) bounded(line Row) {
	line.Rival, line.Floor = "bound", 1
	if line.Ours > 0 {
		line.Ratio = line.Theirs / line.Ours
	} else {
		line.Ratio = 1
	}
	s.add(line)
}

// reached is a line about something that must be at least Theirs.
func (s *session) reached(line Row) {
	line.Rival, line.Floor, line.Ratio = "floor", 1, line.Ours/line.Theirs
	s.add(line)
}

// perEntry is what an element may take beside its key and value, in bytes.
const perEntry = 24

// churns is how often the keys of a map are replaced before it is "full of others".
const churns = 5

// memoryRows measures the heap of full maps, of maps half full, which may still grow, and of maps whose keys came and
// went.
func memoryRows(s *session) {
	for _, shape := range s.shapes() {
		for _, c := range []struct {
			what  string
			room  int
			churn int // times that all keys are replaced by others
		}{{"full", shape.entries, 0}, {"half full", 2 * shape.entries, 0}, {"full of others", shape.entries, churns}} {
			s.bounded(Row{
				What: "bytes an entry, map " + c.what + ", " + shape.String(), Unit: "B", Ours: heapOf(shape, c.room, c.churn),
				Theirs: float64(shape.record() + perEntry),
			}.of(shape))
		}
	}
}

// heapOf is the bytes of heap that a map takes for an element.
func heapOf(s shape, room, churn int) float64 {
	k := newEmulated()
	before := heap()
	m := newHashMapOf(k, s, room)
	for i := range churn * s.entries {
		m.putKey(m.key.bytes, i)
		m.del.must(abi.OK)
		m.putKey(m.key.bytes, i+s.entries)
		m.insert.must(abi.OK)
	}
	after := heap()
	runtime.KeepAlive(m)
	return (after - before) / float64(s.entries)
}

func heap() float64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return float64(stats.HeapAlloc)
}

// allocationRows counts allocations of the calls on elements.
func allocationRows(s *session) {
	m := newHashMap(newEmulated(), shape{1000, 4, 8})
	d := newDumper(m, m.entries)
	for _, c := range []struct {
		what string
		run  func(int)
	}{
		{"lookup", m.hit}, {"update", m.set}, {"delete + insert", m.swap}, {"next key", m.walk},
		{abi.MapDump.String(), d.all}, {abi.MapLookupBatch.String(), d.batches},
		{abi.MapDumpAndDelete.String(), func(n int) { d.takeAll(n); d.refill() }},
		{abi.MapLookupAndDeleteBatch.String(), func(n int) { d.takeBatch(n); d.refill() }},
	} {
		s.bounded(Row{What: "allocations, " + c.what, Ours: allocations(c.run), Unit: "a call"})
	}
}

// allocations is the number of allocations of an operation, rounded down: the runtime's own are rare.
func allocations(run func(n int)) float64 {
	const times = 1000
	run(times)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	run(times)
	runtime.ReadMemStats(&after)
	return float64((after.Mallocs - before.Mallocs) / times)
}
