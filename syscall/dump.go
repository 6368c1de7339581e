package bpfsys

import "github.com/bpfsim/bpfsim/abi"

// mapDump is BPF_MAP_DUMP as mailed in RFC v3 on 3 July 2019 (netdev, "bpf: add BPF_MAP_DUMP command to dump more
// than one entry per call"). Its flags lie past the last field it declares and are always zero.
func (c *call) mapDump() (int32, abi.Errno) {
	var args MapDump
	args.Decode(c.attr)
	july := MapDumpJuly{FD: args.FD, PrevKey: args.PrevKey, Buf: args.Buf, BufLen: args.BufLen}
	return 0, c.runDump(july, false)
}

// mapDumpJuly is BPF_MAP_DUMP as mailed on 24 July 2019, and with abi.DumpBucket this project's own.
func (c *call) mapDumpJuly() (int32, abi.Errno) {
	var args MapDumpJuly
	args.Decode(c.attr)
	return 0, c.runDump(args, false)
}

// mapDumpAndDelete is what Yonghong Song's review of RFC v3 asks for (5 July 2019).
func (c *call) mapDumpAndDelete() (int32, abi.Errno) {
	var args MapDumpAndDelete
	args.Decode(c.attr)
	return 0, c.runDump(MapDumpJuly(args), true)
}

// runDump makes the checks in the mail's order. No map here has a spin lock in its value, so abi.Lock is refused where
// the mail looks for one.
func (c *call) runDump(args MapDumpJuly, remove bool) abi.Errno {
	if args.Flags&^(abi.Lock|abi.DumpBucket) != 0 {
		return abi.EINVAL
	}
	need := reading
	if remove {
		need |= writing
	}
	file, errno := c.use(args.FD, need)
	if errno != abi.OK {
		return errno
	}
	errno = c.dump(file.m, args, remove)
	c.done(file, need)
	return errno
}

func (c *call) dump(m *Map, args MapDumpJuly, remove bool) abi.Errno {
	switch {
	case args.Flags&abi.Lock != 0, args.Flags&abi.DumpBucket != 0 && m.drainer == nil:
		return abi.EINVAL
	case m.walker == nil, remove && m.drainer == nil:
		return abi.ENOTSUPP
	}
	c.kept() // before the copy, for both
	var d dump
	d.call, d.MapDumpJuly, d.m, d.remove = *c, args, m, remove
	return d.run()
}

// dump is a dump past its checks. record is one buffer, a key and its value.
type dump struct {
	call
	MapDumpJuly
	m      *Map
	remove bool

	record []byte
	key    []byte
	value  []byte
	cursor []byte // nil: from the start
	room   uint64 // bytes
	filled uint64 // bytes
}

func (d *dump) run() abi.Errno {
	room, errno := d.getWord(d.BufLen)
	if errno != abi.OK {
		return errno
	}
	d.record = d.kept().one(valueBuffer, d.m.keySize+d.m.valueSize)
	d.key, d.value, d.room = d.record[:d.m.keySize], d.record[d.m.keySize:], uint64(room)
	if d.room < uint64(len(d.record)) {
		return abi.EINVAL
	}
	if d.PrevKey != 0 && !d.remove {
		// A copy: what is dumped may overwrite it.
		d.cursor = d.kept().one(keyBuffer, d.m.keySize)
		if errno = d.copyIn(d.cursor, d.PrevKey); errno != abi.OK {
			return errno
		}
	}
	if errno = d.fill(); errno != abi.OK {
		return errno
	}
	return d.finish()
}

func (d *dump) fill() abi.Errno {
	bucket := uint32(0)
	if d.Flags&abi.DumpBucket != 0 && d.cursor != nil {
		bucket = d.m.drainer.BucketOf(d.cursor) + 1
	}
	if d.sweeps(d.m) != nil {
		return d.sweep(bucket)
	}
	return d.fillFrom(bucket)
}

// fillFrom goes on element by element, or bucket by bucket, from a bucket on.
func (d *dump) fillFrom(bucket uint32) abi.Errno {
	switch {
	case d.Flags&abi.DumpBucket != 0:
		return d.fillBuckets(bucket)
	case d.remove:
		return d.drain(bucket)
	}
	return d.fillElements()
}

// fillElements copies records until the room or the map ends. After the first record the cursor is the loop's own key
// buffer, so that a key whose value is gone when it is looked up becomes the cursor itself, and the walk goes on
// wherever the map continues from an absent key. That is the mail's loop, not a slip.
func (d *dump) fillElements() abi.Errno {
	for d.hasRoom() {
		errno := d.next()
		if errno == abi.ENOENT {
			return d.end()
		}
		if errno != abi.OK {
			return errno
		}
		if errno = d.m.get(d.task, d.key, d.value); errno == abi.ENOENT {
			continue
		}
		if errno != abi.OK {
			return errno
		}
		if errno = d.copyOut(d.Buf+d.filled, d.record); errno != abi.OK {
			return errno
		}
		d.cursor = d.key
		d.filled += uint64(len(d.record))
	}
	return abi.OK
}

// hasRoom reports whether another record fits.
func (d *dump) hasRoom() bool { return d.filled+uint64(len(d.record)) <= d.room }

// end is the result at the end of the map: ENOENT only when the call copied nothing.
func (d *dump) end() abi.Errno {
	if d.filled > 0 {
		return abi.OK
	}
	return abi.ENOENT
}

// interrupted reports whether a signal waits for the caller.
func (d *dump) interrupted() bool { return d.proc.Interrupted != nil && d.proc.Interrupted() }

// next moves on to the next key unless a signal waits.
func (d *dump) next() abi.Errno {
	if d.interrupted() {
		return abi.EINTR
	}
	return d.m.walker.NextKey(d.task, d.cursor, d.key)
}

// finish writes the bytes filled and then, where the caller passed a key, the last key (of the mail's loop: whatever
// its key buffer holds now).
func (d *dump) finish() abi.Errno {
	if errno := d.copyWordOut(d.BufLen, uint32(d.filled)); errno != abi.OK {
		return errno
	}
	if d.PrevKey == 0 {
		return abi.OK
	}
	return d.copyOut(d.PrevKey, d.key)
}
