package model

import (
	"slices"

	"github.com/bpfsim/bpfsim/abi"
)

// bucketDump copies whole buckets while they fit, from the one behind the bucket that prev_key's hash names: ENOSPC when
// the first one with elements does not fit, ENOENT when there is none. A bucket that is to be removed leaves the map
// only when all of it has been copied.
func (x *run) bucketDump(d dumping, h *hash) abi.Errno {
	start := uint32(0)
	if d.prev != nil {
		start = h.bucketOf(d.prev) + 1
	}
	if d.removes {
		h = x.edit(d.o).(*hash)
		defer x.released(d.o)
	}
	if _, errno := h.first(start); errno != abi.OK {
		return errno
	}
	filled, last := uint32(0), []byte(nil)
	for _, b := range h.buckets[h.from(start):] {
		if len(b.elements) == 0 {
			continue
		}
		records := pack(x.shownRecords(d.o, b.elements, d.buf+uint64(filled)))
		if uint64(len(records)) > uint64(d.room-filled) {
			break
		}
		if !x.user.write(d.buf+uint64(filled), records) {
			return abi.EFAULT
		}
		if d.removes {
			b.elements = slices.Clone(b.elements)
			h.removeAll(b.elements)
		}
		filled += uint32(len(records))
		last = b.elements[len(b.elements)-1].key
	}
	if filled == 0 {
		return abi.ENOSPC
	}
	return x.endDump(d, filled, last)
}

// pack is the records of elements, each a key and its value.
func pack(elements []element) []byte {
	var records []byte
	for _, e := range elements {
		records = append(append(records, e.key...), e.value...)
	}
	return records
}

// drain takes the first element of the map while there is room for one more. One whose copy faults stays.
func (x *run) drain(d dumping) abi.Errno {
	t := x.edit(d.o)
	defer x.released(d.o)
	filled, last := uint32(0), []byte(nil)
	for uint64(filled)+uint64(d.elemSize()) <= uint64(d.room) {
		key, errno := t.next(nil, nil)
		if errno != abi.OK {
			break
		}
		value, _ := t.lookup(key)
		record := x.shownRecords(d.o, []element{{key: key, value: value}}, d.buf+uint64(filled))
		if !x.user.write(d.buf+uint64(filled), pack(record)) {
			return abi.EFAULT
		}
		t.delete(x.call.CPU, key)
		filled += d.elemSize()
		last = key
	}
	if filled == 0 {
		return abi.ENOENT
	}
	return x.endDump(d, filled, last)
}

// shuffledDump is bucketDump or drain of a map whose order is unknown: the keys are those that the kernel wrote, if they
// are possible. Memory tells them (tells).
func (x *run) shuffledDump(d dumping, h *hash) abi.Errno {
	var elements []element
	if x.seen.Errno == abi.OK {
		var ok bool
		if elements, ok = x.seenRecords(d, h); !ok {
			return abi.EINVAL // which no dump answers here
		}
	}
	if !x.possibleDump(d, h, uint32(len(elements))) {
		return abi.EINVAL
	}
	if d.removes {
		x.edit(d.o).(*hash).removeAll(elements)
		defer x.released(d.o)
	}
	if len(elements) == 0 {
		return x.seen.Errno
	}
	records := pack(x.shownRecords(d.o, elements, d.buf))
	x.user.write(d.buf, records)
	return x.endDump(d, uint32(len(records)), elements[len(elements)-1].key)
}

// seenRecords is the elements whose keys the kernel wrote, false when they are not distinct elements of the map.
func (x *run) seenRecords(d dumping, h *hash) ([]element, bool) {
	filled := u32(x.after(d.bufLen, 4))
	if filled > d.room || filled > h.count*d.elemSize() {
		return nil, false
	}
	seen, elements := map[string]bool{}, []element{}
	for offset := uint32(0); offset < filled; offset += d.elemSize() {
		e, present := h.find(x.seenRecord(d, offset))
		if !present || seen[string(e.key)] {
			return nil, false
		}
		seen[string(e.key)] = true
		elements = append(elements, e)
	}
	return elements, true
}

// possibleDump reports whether some order gives total elements and the errno that was seen.
func (x *run) possibleDump(d dumping, h *hash, total uint32) bool {
	fits := d.room / d.elemSize()
	switch x.seen.Errno {
	case abi.ENOENT:
		return h.count == 0 || d.prev != nil
	case abi.ENOSPC:
		return d.whole() && h.count > fits
	case abi.OK:
		some := d.prev != nil || d.whole() && h.count > fits
		return total > 0 && (some || total == min(fits, h.count))
	}
	return false
}
