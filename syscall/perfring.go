package bpfsys

import (
	"encoding/binary"
	"math"
	"sync/atomic"

	"github.com/bpfsim/bpfsim/abi"
)

// perfRing is a perf buffer (kernel/events/ring_buffer.c): a page of positions and a power of two of pages with records.
// Readers have both in their own memory, so that what the kernel relies on it keeps here too.
type perfRing struct {
	positions, data []atomic.Uint64
	// overwrite is set for a buffer that is mapped for reading only: then nobody says what was read, and nothing is ever lost.
	overwrite, backward, paused bool

	head      uint64 // what was written, in bytes; it falls in a buffer that is written backwards
	lost      uint64 // records that found no room, since the last one that did
	watermark uint64 // bytes
	woken     uint64 // how many bytes were written when the waiting were woken up last
	records   uint32 // since then
}

const perfPage = 4096

// mostPerfPages bounds a buffer: Linux takes as many as it has memory for.
const mostPerfPages = 1 << 15

// perfMemoryWords is the size of the largest buffer with its page of positions, in words of 8 bytes.
const perfMemoryWords = (1 + mostPerfPages) * perfPage / 8

// Places in the page of positions (struct perf_event_mmap_page), in bytes.
const (
	perfMetaLock       = 8
	perfMetaCaps       = 40
	perfMetaSize       = 72
	perfMetaHead       = 1024
	perfMetaTail       = 1032
	perfMetaDataOffset = 1040
	perfMetaDataSize   = 1048
)

// newPerfRing makes a buffer of so many pages in memory, for an event.
func newPerfRing(e *PerfEvent, memory []atomic.Uint64, pages uint64, writable bool) *perfRing {
	const page = perfPage / 8
	r := &perfRing{positions: memory[:page], data: memory[page : (1+pages)*page],
		overwrite: !writable, backward: e.attr.has(abi.PerfBitWriteBackward), paused: pages == 0}
	size := pages * perfPage
	if e.attr.has(abi.PerfBitWatermark) {
		r.watermark = min(size, uint64(e.attr.wakeup))
	}
	if r.watermark == 0 {
		r.watermark = size / 2
	}
	const capabilities, metaSize = 2, 96 // bit 0 is no longer used; how much of the page has a meaning
	r.positions[perfMetaLock/8].Store(2)
	r.positions[perfMetaCaps/8].Store(capabilities)
	r.positions[perfMetaSize/8].Store(metaSize)
	r.positions[perfMetaDataOffset/8].Store(perfPage)
	r.positions[perfMetaDataSize/8].Store(size)
	return r
}

func (r *perfRing) size() uint64 { return uint64(8 * len(r.data)) }

// fits tells whether there is room for so many bytes more. One byte always stays free (CIRC_SPACE).
func (r *perfRing) fits(size uint64) bool {
	tail := r.positions[perfMetaTail/8].Load()
	used := r.head - tail
	if r.backward {
		used = tail - r.head
	}
	return (r.size()-1)&(0-used-1) >= size
}

// reserve makes room for size bytes and tells where they begin (__perf_output_begin). wake tells that the watermark was
// passed.
func (r *perfRing) reserve(size uint64) (at uint64, wake, ok bool) {
	if r.paused || size > r.size() || !r.overwrite && !r.fits(size) {
		r.lost++
		return 0, false, false
	}
	at = r.head
	written := at + size
	if r.backward {
		at -= size
		written = 0 - at
		r.head = at
	} else {
		r.head = written
	}
	if written-r.woken > r.watermark {
		r.woken += r.watermark
		wake = true
	}
	return at, wake, true
}

// write copies p, of whole words, to a position.
func (r *perfRing) write(at uint64, p []byte) {
	for ; len(p) >= 8; at, p = at+8, p[8:] {
		r.data[at&(r.size()-1)/8].Store(binary.LittleEndian.Uint64(p))
	}
}

// publish shows readers what was written.
func (r *perfRing) publish() { r.positions[perfMetaHead/8].Store(r.head) }

// output writes a sample to the event's buffer (perf_event_output): ENOSPC where there is none or no room, which the next
// record that has room tells of.
func (e *PerfEvent) output(cpu int, raw []byte) abi.Errno {
	record := e.sample(cpu, raw)
	if len(record) > math.MaxUint16 { // the size of a record has 16 bits
		return abi.E2BIG
	}
	owner := e.bufferOwner()
	owner.mu.Lock()
	wake, ok := owner.put(e, cpu, record)
	owner.mu.Unlock()
	if wake {
		owner.waiters.wake()
	}
	if !ok {
		return abi.ENOSPC
	}
	return abi.OK
}

// put writes a record, behind one of those that were lost. The event is locked.
func (e *PerfEvent) put(from *PerfEvent, cpu int, record []byte) (wake, ok bool) {
	r := e.ring
	if r == nil {
		return false, false
	}
	var lost []byte
	if r.lost > 0 {
		lost = from.lostRecord(cpu, r.lost)
	}
	at, wake, ok := r.reserve(uint64(len(lost) + len(record)))
	if !ok {
		if !r.paused {
			r.publish() // whoever wrote to the page sees where the head is
		}
		return false, false
	}
	if len(lost) > 0 {
		r.lost = 0
	}
	r.write(at, lost)
	r.write(at+uint64(len(lost)), record)
	r.publish()
	if !from.attr.has(abi.PerfBitWatermark) && from.attr.wakeup != 0 {
		if r.records++; r.records >= from.attr.wakeup {
			r.records -= from.attr.wakeup
			wake = true
		}
	}
	e.pending = e.pending || wake
	return wake, true
}

// bufferOwner is the event whose buffer e writes to.
func (e *PerfEvent) bufferOwner() *PerfEvent {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.redirect != nil {
		return e.redirect
	}
	return e
}

// sample is a record with raw data, as the event's attr wants it. Between the data and the end of the record Linux leaves what
// was in the buffer; here there are zeros.
func (e *PerfEvent) sample(cpu int, raw []byte) []byte {
	b := make([]byte, 8, 64+len(raw))
	b = e.sampleFields(b, cpu)
	if e.attr.samples&abi.PerfSampleRaw != 0 {
		size := (4+len(raw)+7)&^7 - 4
		b = binary.LittleEndian.AppendUint32(b, uint32(size))
		b = append(b, raw...)
		b = append(b, make([]byte, size-len(raw))...)
	}
	return finish(b, abi.PerfRecordSample, abi.PerfMiscKernel)
}

// sampleFields are the words that come before the raw data. There is no clock, and no process.
func (e *PerfEvent) sampleFields(b []byte, cpu int) []byte {
	for _, field := range []struct{ bit, value uint64 }{
		{abi.PerfSampleIdentifier, e.id}, {abi.PerfSampleIP, 0}, {abi.PerfSampleTID, 0}, {abi.PerfSampleTime, 0},
		{abi.PerfSampleAddr, 0}, {abi.PerfSampleID, e.id}, {abi.PerfSampleStreamID, e.id},
		{abi.PerfSampleCPU, uint64(cpu)}, {abi.PerfSamplePeriod, e.attr.period},
	} {
		if e.attr.samples&field.bit != 0 {
			b = binary.LittleEndian.AppendUint64(b, field.value)
		}
	}
	return b
}

// lostRecord tells of so many lost records; with sample_id_all it ends as all records do then.
func (e *PerfEvent) lostRecord(cpu int, n uint64) []byte {
	b := binary.LittleEndian.AppendUint64(make([]byte, 8, 64), e.id)
	b = binary.LittleEndian.AppendUint64(b, n)
	if e.attr.has(abi.PerfBitSampleIDAll) {
		for _, field := range []struct{ bit, value uint64 }{
			{abi.PerfSampleTID, 0}, {abi.PerfSampleTime, 0}, {abi.PerfSampleID, e.id}, {abi.PerfSampleStreamID, e.id},
			{abi.PerfSampleCPU, uint64(cpu)}, {abi.PerfSampleIdentifier, e.id},
		} {
			if e.attr.samples&field.bit != 0 {
				b = binary.LittleEndian.AppendUint64(b, field.value)
			}
		}
	}
	return finish(b, abi.PerfRecordLost, 0)
}

// finish fills in the header (struct perf_event_header).
func finish(b []byte, kind uint32, misc uint16) []byte {
	binary.LittleEndian.PutUint32(b, kind)
	binary.LittleEndian.PutUint16(b[4:], misc)
	binary.LittleEndian.PutUint16(b[6:], uint16(len(b)))
	return b
}
