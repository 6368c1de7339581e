package bpfsys

import "github.com/bpfsim/bpfsim/abi"

// mapDump is BPF_MAP_DUMP as mailed in RFC v3 on 3 July 2019 (netdev, "bpf: add BPF_MAP_DUMP command to dump more
// than one entry per call"). Its flags lie past the last field it declares and are always zero.
func (c *call) mapDump() (int32, abi.Errno) {
	var args MapDump
	args.Decode(c.attr)
	var d dump
	d.prevKey, d.buf, d.bufLen = args.PrevKey, args.Buf, args.BufLen
	return 0, c.runDump(&d, args.FD)
}

// mapDumpJuly is BPF_MAP_DUMP as mailed on 24 July 2019, and with abi.DumpBucket this project's own.
func (c *call) mapDumpJuly() (int32, abi.Errno) {
	return 0, c.dumpJuly(false)
}

// mapDumpAndDelete is what Yonghong Song's review of RFC v3 asks for (5 July 2019).
func (c *call) mapDumpAndDelete() (int32, abi.Errno) {
	return 0, c.dumpJuly(true)
}

func (c *call) dumpJuly(remove bool) abi.Errno {
	var args MapDumpJuly
	args.Decode(c.attr)
	d := dump{remove: remove}
	d.prevKey, d.buf, d.bufLen, d.flags = args.PrevKey, args.Buf, args.BufLen, args.Flags
	return c.runDump(&d, args.FD)
}

// runDump makes the checks in the mail's order.
func (c *call) runDump(d *dump, fd int32) abi.Errno {
	if d.flags&^(abi.Lock|abi.DumpBucket) != 0 {
		return abi.EINVAL
	}
	need := reading
	if d.remove {
		need |= writing
	}
	file, errno := c.use(fd, need)
	if errno != abi.OK {
		return errno
	}
	errno = c.dump(d, file.m)
	c.done(file, need)
	return errno
}

func (c *call) dump(d *dump, m *Map) abi.Errno {
	switch {
	case !m.lockable(d.flags), d.flags&abi.DumpBucket != 0 && m.drainer == nil:
		return abi.EINVAL
	case m.walker == nil, !m.many, d.remove && m.drainer == nil && m.first == nil:
		return abi.ENOTSUPP
	}
	d.task, d.proc, d.arena, d.buffers = c.task, c.proc, c.arena, c.buffers
	d.m, d.size = m, uint64(m.keySize+m.valueSize)
	errno := d.run()
	c.buffers = d.buffers // to be given back
	return errno
}

// dump is a dump past its checks.
type dump struct {
	call
	m       *Map
	prevKey uint64
	buf     uint64
	bufLen  uint64
	flags   uint64
	remove  bool

	size   uint64 // of a record, in bytes
	room   uint64 // bytes
	filled uint64 // bytes
	cursor []byte // nil: from the start
	last   []byte // the key for prevKey: in buf, or the key buffer below

	// What goes element by element has one buffer of its own, a key and its value.
	record []byte
	key    []byte
	value  []byte
}

func (d *dump) run() abi.Errno {
	room, errno := d.getWord(d.bufLen)
	if errno != abi.OK {
		return errno
	}
	if d.room = uint64(room); d.room < d.size {
		return abi.EINVAL
	}
	if d.prevKey != 0 && !d.remove {
		if d.cursor, errno = d.view(keyBuffer, d.prevKey, d.m.keySize); errno != abi.OK {
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
	if d.flags&abi.DumpBucket != 0 && d.cursor != nil {
		bucket = d.m.drainer.BucketOf(d.cursor) + 1
	}
	if d.sweeps(d.m) != nil {
		return d.sweep(bucket)
	}
	return d.fillFrom(bucket)
}

// fillFrom goes on element by element, or bucket by bucket, from a bucket on.
func (d *dump) fillFrom(bucket uint32) abi.Errno {
	d.own()
	switch {
	case d.flags&abi.DumpBucket != 0:
		return d.fillBuckets(bucket)
	case d.remove && d.m.first != nil:
		return d.drainFirst()
	case d.remove:
		return d.drain(bucket)
	}
	return d.fillElements()
}

// own moves the keys that lie in user memory, where records come, to buffers of the call's own.
func (d *dump) own() {
	d.record = d.kept().one(valueBuffer, int(d.size))
	d.key, d.value = d.record[:d.m.keySize], d.record[d.m.keySize:]
	copy(d.key, d.last)
	d.last = d.key
	if d.cursor != nil {
		from := d.cursor
		d.cursor = d.kept().one(keyBuffer, d.m.keySize)
		copy(d.cursor, from)
	}
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
		if errno = d.m.read(d.task, d.key, d.value, d.flags); errno == abi.ENOENT {
			if d.m.slots { // else the mail's loop would come to the first empty slot for ever
				d.cursor = d.key
			}
			continue
		}
		if errno != abi.OK {
			return errno
		}
		if errno = d.copyOut(d.buf+d.filled, d.record); errno != abi.OK {
			return errno
		}
		d.cursor = d.key
		d.filled += d.size
	}
	return abi.OK
}

// hasRoom reports whether another record fits.
func (d *dump) hasRoom() bool { return d.filled+d.size <= d.room }

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
	if d.bufLen < d.buf+d.filled && d.buf < d.bufLen+4 {
		d.own() // the number comes over records
	}
	if errno := d.copyWordOut(d.bufLen, uint32(d.filled)); errno != abi.OK {
		return errno
	}
	if d.prevKey == 0 {
		return abi.OK
	}
	return d.copyOut(d.prevKey, d.last)
}
