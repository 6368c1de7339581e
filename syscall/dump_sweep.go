package bpfsys

import (
	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
)

// sweeps is the sweeper of m if the caller may copy many of its elements in one step: no machine watches the steps,
// and no signal has to be looked for between elements.
func (c *call) sweeps(m *Map) *maps.Sweeper {
	if c.task.Scheduler != nil || c.proc.Interrupted != nil {
		return nil
	}
	return m.sweeper
}

// sweepMost bounds the kernel's buffer of a sweep, in bytes.
const sweepMost = 64 << 10

// sweep is the dump's loop with many elements in a step. Between the steps the last key copied is the cursor, and the
// map goes on wherever it continues from that key. What it leaves, the loops below finish one by one: a record
// across the end of the user's memory, and a bucket that does not fit.
func (d *dump) sweep(bucket uint32) abi.Errno {
	s := maps.Sweep{Bucket: bucket, Whole: d.flags&abi.DumpBucket != 0, Remove: d.remove}
	if !s.Whole {
		s.After = d.cursor
	}
	for d.hasRoom() {
		n, errno := d.sweepOnce(&s)
		switch {
		case errno != abi.OK:
			return errno
		case n > 0:
			continue
		case s.End:
			return d.end()
		}
		return d.fillFrom(s.Bucket)
	}
	return abi.OK
}

// sweepOnce makes a step and returns the number of elements that it copied.
func (d *dump) sweepOnce(s *maps.Sweep) (int, abi.Errno) {
	room := int(d.room - d.filled)
	s.Keys = d.arena.Window(d.buf+d.filled, room)
	inPlace := s.Keys != nil
	if !inPlace {
		if d.remove {
			return 0, abi.OK // what cannot be copied must stay, so nothing is removed ahead
		}
		s.Keys = d.kept().sized(&d.kept().values, min(room, max(sweepMost, int(d.size))))
	}
	d.m.sweeper.Sweep(d.task, s)
	if s.Count == 0 {
		return 0, abi.OK
	}
	bytes := s.Count * int(d.size)
	if !inPlace {
		if errno := d.copyOut(d.buf+d.filled, s.Keys[:bytes]); errno != abi.OK {
			return 0, errno
		}
	}
	d.last = s.Keys[bytes-int(d.size):][:d.m.keySize]
	d.cursor, d.filled = d.last, d.filled+uint64(bytes)
	if !s.Whole && !s.Remove {
		s.After = d.last
	}
	return s.Count, abi.OK
}
