package proptest

import "github.com/bpfsim/bpfsim/abi"

// batch is a call on several elements.
func (d *drafter) batch(m *draftMap) *Call {
	commands := []abi.Cmd{abi.MapUpdateBatch, abi.MapLookupBatch, abi.MapDeleteBatch, abi.MapLookupAndDelBatch}
	cmd := commands[weighted(d, 45, 25, 15, 15)]
	in := uint64(0)
	if chance(d, 30) {
		in = tokenAt
	}
	c := d.batchCall(cmd, m, in, d.count(cmd, m))
	if in != 0 && chance(d, 50) {
		token := d.bytes(4)
		token[0] = byte(d.roll(18))
		d.write(c, tokenAt, token)
	}
	return c
}

// room is the most elements that the pages of keys and values hold.
func (m *draftMap) room() int { return PageSize / max(m.key, m.value) }

// count is the number of elements that a batch is about: few of those that it deletes are there.
func (d *drafter) count(cmd abi.Cmd, m *draftMap) int {
	count := pick(d, 1+d.roll(4), 1+d.roll(m.max+1), m.max, m.max+1, m.room())
	switch cmd {
	case abi.MapUpdateBatch:
		count = min(count, 1+d.roll(24))
	case abi.MapDeleteBatch:
		count = min(count, 1+d.roll(4))
	}
	return min(count, m.room())
}

func (d *drafter) batchCall(cmd abi.Cmd, m *draftMap, in uint64, count int) *Call {
	c := d.call(cmd)
	a := attr{c.Contents}
	a.set(abi.BatchIn, 8, in)
	a.set(abi.BatchOut, 8, tokenAt)
	a.set(abi.BatchKeys, 8, keysAt)
	a.set(abi.BatchValues, 8, valuesAt)
	a.set(abi.BatchCount, 4, uint64(count))
	a.set(abi.BatchMapFD, 4, uint64(m.fd))
	if m.key > 0 {
		d.batchMemory(c, m, count)
	}
	d.squeeze(a, m, count)
	return c
}

// batchMemory writes the keys and values that a command reads.
func (d *drafter) batchMemory(c *Call, m *draftMap, count int) {
	switch c.Cmd {
	case abi.MapUpdateBatch:
		d.write(c, keysAt, d.many(count, m.key, d.freshKey, m))
		d.write(c, valuesAt, d.many(min(count, 40), m.value, d.fillValue, m))
	case abi.MapDeleteBatch:
		d.write(c, keysAt, d.many(count, m.key, d.fillKey, m))
	}
}

// squeeze now and then moves a batch's arrays to the end of their page, so that nothing behind them can be touched, or
// so far that the last element faults.
func (d *drafter) squeeze(a attr, m *draftMap, count int) {
	if !chance(d, 12) {
		return
	}
	short := uint64(d.roll(2))
	a.set(abi.BatchKeys, 8, Base+gapPage*PageSize-uint64(count*m.key)+short)
	a.set(abi.BatchValues, 8, Base+readOnlyPage*PageSize-uint64(count*m.value)+short*uint64(d.roll(m.value+1)))
}

// many is count drawn keys or values of so many bytes, packed.
func (d *drafter) many(count, size int, fill func([]byte, *draftMap), m *draftMap) []byte {
	b := d.bytes(count * size)
	for i := range count {
		fill(b[i*size:][:size], m)
	}
	return b
}

// flood updates as many keys as a batch can hold, some times over, so that a large map fills and evicts.
func (d *drafter) flood(m *draftMap) {
	if m.max <= 12 {
		d.batchWalk(m)
		return
	}
	for range 1 + d.roll(4) {
		d.add(d.batchCall(abi.MapUpdateBatch, m, 0, m.room()))
	}
	d.add(d.batchCall(abi.MapLookupBatch, m, 0, m.room()))
}

// batchWalk reads, or empties, a whole map.
func (d *drafter) batchWalk(m *draftMap) {
	cmd := abi.MapLookupBatch
	if chance(d, 10) {
		cmd = abi.MapLookupAndDelBatch
	}
	if chance(d, 60) { // in one call
		d.add(d.batchCall(cmd, m, 0, min(m.max+1, m.room())))
		return
	}
	count := d.count(cmd, m)
	d.add(d.batchCall(cmd, m, 0, count))
	for range 1 + d.roll(4) {
		d.add(d.batchCall(cmd, m, tokenAt, count))
	}
}
