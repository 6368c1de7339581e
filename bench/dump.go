package bench

import (
	"fmt"

	"github.com/bpfsim/bpfsim/abi"
	bpfsys "github.com/bpfsim/bpfsim/syscall"
)

// dumper reads a map whole, with room for some elements at a time.
type dumper struct {
	*hashMap
	dump        command
	remove      command
	room        int // elements
	buf, length buffer
	cursor      buffer // the last key of a dump in parts
	inBatches   command
	takeBatches command
}

func newDumper(m *hashMap, room int) *dumper {
	d := &dumper{hashMap: m, room: room}
	if m.shape.key == 0 {
		return d
	}
	d.buf, d.length, d.cursor = newBuffer(m, room*m.record()), newBuffer(m, 4), newBuffer(m, m.shape.key)
	args := bpfsys.MapDump{FD: m.fd, PrevKey: d.cursor.addr, Buf: d.buf.addr, BufLen: d.length.addr}
	d.dump = prepare(m, args)
	d.remove = prepare(m, bpfsys.MapDumpAndDelete{FD: m.fd, Buf: d.buf.addr, BufLen: d.length.addr})
	keys := d.buf.addr
	values := keys + uint64(room*m.shape.key)
	batch := bpfsys.MapLookupBatch{FD: m.fd, Out: d.cursor.addr, Keys: keys, Values: values, Count: uint32(room)}
	d.inBatches, d.takeBatches = prepare(m, batch), prepare(m, bpfsys.MapLookupAndDeleteBatch(batch))
	return d
}

// setRoom tells the kernel how large the buffer is; wasFilled reads how much of it a dump filled. Both are in bytes.
func (d *dumper) setRoom()       { putUint32(d.length.bytes, d.room*d.record()) }
func (d *dumper) wasFilled() int { return int(uint32At(d.length.bytes)) }

// all dumps at least n elements, starting at the first whenever the map ends.
func (d *dumper) all(n int) {
	for left := n * d.record(); left > 0; {
		d.setRoom()
		if _, errno := d.dump.call(); errno != abi.OK {
			must(errno, abi.ENOENT)
			d.restart()
			continue
		}
		left -= d.wasFilled()
	}
}

// restart begins the dump again: no element has this key.
func (d *dumper) restart() { d.putKey(d.cursor.bytes, -1) }

// batches reads the whole map in one LOOKUP_BATCH, as often as n elements take.
func (d *dumper) batches(n int) {
	for done := 0; done < n; done += d.entries {
		d.inBatches.rewind()
		if _, errno := d.inBatches.call(); errno != abi.OK { // OK is an array that ends with the room
			must(errno, abi.ENOENT)
		}
		d.wants(int(uint32At(d.inBatches.attr.bytes[abi.BatchCount:])))
	}
}

// takeAll empties the map with DUMP_AND_DELETE.
func (d *dumper) takeAll(int) {
	d.setRoom()
	d.remove.must(abi.OK)
	d.wants(d.wasFilled() / d.record())
}

// takeBatch empties the map with LOOKUP_AND_DELETE_BATCH.
func (d *dumper) takeBatch(int) {
	d.takeBatches.rewind()
	d.takeBatches.must(abi.ENOENT)
	d.wants(int(uint32At(d.takeBatches.attr.bytes[abi.BatchCount:])))
}

// takeEach empties the map key by key.
func (d *dumper) takeEach(int) {
	d.rewind()
	for range d.entries {
		d.next.must(abi.OK)
		copy(d.key.bytes, d.after.bytes)
		d.lookup.must(abi.OK)
		d.del.must(abi.OK)
	}
}

func (d *dumper) wants(n int) {
	if n != d.entries {
		panic(fmt.Sprintf("bench: %d elements instead of %d", n, d.entries))
	}
}

// passes is how often what is over soon is done in a turn, so that the turn is about it and not about the caches that
// the rival before has left.
const passes = 10

// dumpRows measures the whole map in one call against the ways that Linux has, beside memory without a map.
func dumpRows(s *session) {
	for _, shape := range s.shapes() {
		ours, limit := newDumper(newHashMap(newEmulated(), shape), shape.entries), newBare(shape)
		runners := []runner{
			{name: "dump", run: ours.all, batch: passes * shape.entries},
			{name: "batch", run: ours.batches, batch: passes * shape.entries},
			{name: "limit", run: limit.dump, batch: passes * shape.entries},
			{name: "limit", run: limit.batch, batch: passes * shape.entries},
		}
		if s.linux != nil {
			s.linux.Reset()
			linux := newDumper(newHashMap(s.linux, shape), shape.entries)
			linux.hashMap.rewind()
			runners = append(runners,
				runner{name: "key by key", run: linux.walkValues, batch: shape.entries / 10},
				runner{name: "batch", run: linux.batches, batch: shape.entries})
		}
		t := s.race(runners...)
		s.versus(t, 0, 4, 2, shape.goalFor(dumpFloor, manyLimit), Row{What: "DUMP, " + shape.String(), Rival: "Linux key by key"}.of(shape))
		s.versus(t, 1, 5, 3, shape.goalFor(elementFloor, manyLimit), Row{What: "LOOKUP_BATCH, " + shape.String(), Rival: "Linux LOOKUP_BATCH"}.of(shape))
	}
}

// removeRows measures how a map is emptied.
func removeRows(s *session) {
	for _, shape := range s.shapes() {
		ours, limit := newDumper(newHashMap(newEmulated(), shape), shape.entries), newBare(shape)
		runners := []runner{
			{name: "dump", run: ours.takeAll, reset: ours.refill, batch: shape.entries},
			{name: "batch", run: ours.takeBatch, reset: ours.refill, batch: shape.entries},
			{name: "limit", run: limit.take, reset: limit.refill, batch: shape.entries},
			{name: "limit", run: limit.takeBatch, reset: limit.refill, batch: shape.entries},
		}
		if s.linux != nil {
			s.linux.Reset()
			linux := newDumper(newHashMap(s.linux, shape), shape.entries)
			runners = append(runners, runner{name: "Linux", run: linux.takeBatch, reset: linux.refill, batch: shape.entries})
		}
		t, g := s.race(runners...), shape.goalFor(takeFloor, manyLimit)
		line := Row{Rival: "Linux LOOKUP_AND_DELETE_BATCH"}.of(shape)
		line.What = "DUMP_AND_DELETE, " + shape.String()
		s.versus(t, 0, 4, 2, g, line)
		line.What = "LOOKUP_AND_DELETE_BATCH, " + shape.String()
		s.versus(t, 1, 4, 3, g, line)
	}
}

// proposal is what RFC v3 measured: ms for 100,000 elements with keys and values of 8 bytes, dumped with room for so many
// elements and read key by key (netdev, 3 July 2019).
var proposal = []struct {
	room           int
	dump, elements float64
}{
	{1, 69.0, 112.4}, {2, 40.9, 111.0}, {230, 13.65, 111.7}, {5000, 13.58, 111.1}, {73000, 14.69, 111.7},
	{100000, 13.75, 114.2}, {234567, 14.33, 114.4},
}

// gainRows measures what a dump gains over our own key by key at the proposal's sizes of the buffer; the rival is its
// gain.
func gainRows(s *session) {
	shape := shape{entries, 8, 8}
	m := newHashMap(newEmulated(), shape)
	runners := []runner{{name: "key by key", run: m.walkValues, batch: shape.entries}}
	for _, p := range proposal {
		d := newDumper(m, p.room)
		runners = append(runners, runner{run: d.all, batch: passes * shape.entries})
	}
	t := s.race(runners...)
	for i, p := range proposal {
		gain, theirs := t.lead(i+1, 0), p.elements/p.dump
		s.add(Row{
			What: fmt.Sprintf("gain of DUMP with room for %d", p.room), Unit: "x", Ours: gain, Rival: "RFC v3", Theirs: theirs,
			Ratio: gain / theirs, Floor: 1, Buffer: p.room,
		}.of(shape))
	}
}
