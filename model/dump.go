package model

import "github.com/bpfsim/bpfsim/abi"

// dumping is a dump command past its checks: where its fields point to, and what it found there.
type dumping struct {
	prevKey, buf, bufLen uint64 // user addresses
	flags                uint64
	fd                   int  // offset of map_fd in attr
	removes              bool // what it copies leaves the map

	o    *object
	room uint32 // bytes
	prev []byte // the key to go on behind, nil for none
}

// whole reports whether buckets are copied as wholes.
func (d dumping) whole() bool { return d.flags&abi.DumpBucket != 0 }

// elemSize is the length of a record in bytes: a key and a value, packed.
func (d dumping) elemSize() uint32 { return d.o.keySize + d.o.valueBytes }

// dumpArgs are the fields in the layout of the command: that of RFC v3, whose flags lie behind the last field, or that
// of 24 July 2019.
func (x *run) dumpArgs() dumping {
	if x.call.Cmd == abi.MapDump {
		return dumping{
			fd: abi.DumpMapFD, prevKey: x.u64(abi.DumpPrevKey), buf: x.u64(abi.DumpBuf), bufLen: x.u64(abi.DumpBufLen),
		}
	}
	return dumping{
		fd: abi.JulyMapFD, prevKey: x.u64(abi.JulyPrevKey), buf: x.u64(abi.JulyBuf), bufLen: x.u64(abi.JulyBufLen),
		flags: x.u64(abi.JulyFlags), removes: x.call.Cmd == abi.MapDumpAndDelete,
	}
}

// startDump makes the checks in the order of the mail of 3 July 2019. BPF_F_LOCK is refused for want of a spin lock, and
// BPF_F_DUMP_BUCKET for want of buckets, before queues and stacks are: there the mail looks at BPF_F_LOCK.
func (x *run) startDump() (dumping, abi.Errno) {
	d := x.dumpArgs()
	if d.flags&^(abi.Lock|abi.DumpBucket) != 0 {
		return d, abi.EINVAL
	}
	o, errno := x.openFor(d.fd, true, d.removes)
	if errno != abi.OK || x.loose {
		return d, errno
	}
	_, hashed := o.table.(*hash)
	switch d.o = o; {
	case !o.lockable(d.flags) || d.whole() && !hashed:
		return d, abi.EINVAL
	case !o.has(x.call.Cmd):
		return d, abi.ENOTSUPP
	}
	return d, x.readDump(&d)
}

// readDump reads what the fields point to. A dump that removes starts at the first element each time: its prev_key is
// output only.
func (x *run) readDump(d *dumping) abi.Errno {
	room, ok := x.user.read(d.bufLen, 4)
	if !ok {
		return abi.EFAULT
	}
	if d.room = u32(room); d.room < d.elemSize() {
		return abi.EINVAL
	}
	if d.prevKey == 0 || d.removes {
		return abi.OK
	}
	if d.prev, ok = x.user.read(d.prevKey, int(d.o.keySize)); !ok {
		return abi.EFAULT
	}
	return abi.OK
}

// dump is BPF_MAP_DUMP of RFC v3 and of 24 July 2019, and BPF_MAP_DUMP_AND_DELETE, with nothing else running in between.
func (x *run) dump() abi.Errno {
	d, errno := x.startDump()
	if errno != abi.OK || x.loose {
		return errno
	}
	h, _ := d.o.table.(*hash)
	shuffled := h != nil && h.order != nil
	switch {
	case shuffled && !x.tells(d, h):
		x.forgetDump(d)
		return abi.OK
	case shuffled && (d.whole() || d.removes):
		return x.shuffledDump(d, h)
	case d.whole():
		return x.bucketDump(d, h)
	case d.removes:
		return x.drain(d)
	}
	return x.dumpLoop(d, d.loop())
}

// tells reports whether memory afterwards tells the order that the dump found.
func (x *run) tells(d dumping, h *hash) bool {
	filled := min(uint64(d.room), uint64(h.count)*uint64(d.elemSize()))
	spans := []Span{{d.bufLen, 4}, {d.buf, filled}}
	if d.prevKey != 0 {
		spans = append(spans, Span{d.prevKey, uint64(d.o.keySize)})
	}
	return x.apart(spans)
}

// forgetDump allows every result, and what may have lost elements is known no more.
func (x *run) forgetDump(d dumping) {
	x.loose = true
	if d.removes {
		x.state.edit(d.o.serial).lost = true
	}
}

func (d dumping) loop() *DumpLoop {
	l := NewDumpLoop(int(d.o.keySize), int(d.o.valueBytes), d.room, d.prev)
	l.slots = d.o.kind == abi.ArrayOfMaps
	return l
}

// dumpLoop runs the loop on the map as it is.
func (x *run) dumpLoop(d dumping, l *DumpLoop) abi.Errno {
	for l.Ask().Kind != AskDone {
		x.advance(d, l)
	}
	return x.endLoop(d, l)
}

// advance makes one call of the loop on the map and, when that was a lookup that found a value, copies the record.
func (x *run) advance(d dumping, l *DumpLoop) {
	o := x.state.object(d.o.serial)
	switch step := l.Ask(); step.Kind {
	case AskNextKey:
		l.Answer(x.following(o, step.Key, x.seenRecord(d, step.Offset)))
	case AskLookup:
		value, errno := o.table.lookup(step.Key)
		l.Answer(x.shown(o, value, d.buf+uint64(step.Offset)+uint64(o.keySize)), errno)
	}
	if step := l.Ask(); step.Kind == AskCopy {
		l.Copied(x.user.write(d.buf+uint64(step.Offset), step.Record))
	}
}

// seenRecord is the key that the kernel wrote at that offset of the buffer, nil where the records ended.
func (x *run) seenRecord(d dumping, offset uint32) []byte {
	filled := u32(x.after(d.bufLen, 4))
	if x.seen.Errno != abi.OK || offset >= filled {
		return nil
	}
	return x.after(d.buf+uint64(offset), int(d.o.keySize))
}

func (x *run) endLoop(d dumping, l *DumpLoop) abi.Errno {
	step := l.Ask()
	if step.Errno != abi.OK {
		return step.Errno
	}
	return x.endDump(d, step.Offset, step.Key)
}

// endDump writes buf_len and prev_key, in this order; an error before writes neither.
func (x *run) endDump(d dumping, filled uint32, last []byte) abi.Errno {
	if !x.user.writeWord(d.bufLen, filled) {
		return abi.EFAULT
	}
	if d.prevKey != 0 && !x.user.write(d.prevKey, last) {
		return abi.EFAULT
	}
	return abi.OK
}
