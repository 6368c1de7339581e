package model

import "github.com/bpfsim/bpfsim/abi"

// dump is BPF_MAP_DUMP of RFC v3 (mail of 3 July 2019), with nothing else running in between.
func (x *run) dump() abi.Errno {
	o, errno := x.openFor(abi.DumpMapFD, true, false)
	if errno != abi.OK || x.loose {
		return errno
	}
	if o.sequence() {
		return abi.ENOTSUPP
	}
	room, ok := x.user.read(x.u64(abi.DumpBufLen), 4)
	if !ok {
		return abi.EFAULT
	}
	if u32(room) < o.keySize+o.valueSize {
		return abi.EINVAL
	}
	var prev []byte
	if at := x.u64(abi.DumpPrevKey); at != 0 {
		if prev, ok = x.user.read(at, int(o.keySize)); !ok {
			return abi.EFAULT
		}
	}
	if !x.tells(o, u32(room)) {
		x.loose = true
		return abi.OK
	}
	return x.dumpLoop(o, NewDumpLoop(int(o.keySize), int(o.valueSize), u32(room), prev))
}

// tells reports whether memory afterwards tells the order that the dump found: it need not when the order is known.
func (x *run) tells(o *object, room uint32) bool {
	h, ok := o.table.(*hash)
	if !ok || h.order == nil {
		return true
	}
	filled := min(uint64(room), uint64(h.count)*uint64(o.keySize+o.valueSize))
	spans := []span{{x.u64(abi.DumpBufLen), 4}, {x.u64(abi.DumpBuf), filled}}
	if at := x.u64(abi.DumpPrevKey); at != 0 {
		spans = append(spans, span{at, uint64(o.keySize)})
	}
	return x.apart(spans)
}

// dumpLoop runs the loop on the map as it is.
func (x *run) dumpLoop(o *object, l *DumpLoop) abi.Errno {
	for {
		switch step := l.Ask(); step.Kind {
		case AskNextKey:
			l.Answer(x.following(o, step.Key, x.seenRecord(o, step.Offset)))
			o = x.state.object(o.serial)
		case AskLookup:
			l.Answer(o.table.lookup(step.Key))
		case AskCopy:
			l.Copied(x.user.write(x.u64(abi.DumpBuf)+uint64(step.Offset), step.Record))
		default:
			return x.endDump(step)
		}
	}
}

// seenRecord is the key that the kernel wrote at that offset of the buffer, nil where the records ended.
func (x *run) seenRecord(o *object, offset uint32) []byte {
	filled := u32(x.after(x.u64(abi.DumpBufLen), 4))
	if x.seen.Errno != abi.OK || offset >= filled {
		return nil
	}
	return x.after(x.u64(abi.DumpBuf)+uint64(offset), int(o.keySize))
}

// endDump writes buf_len and prev_key on success only, in this order.
func (x *run) endDump(step DumpStep) abi.Errno {
	if step.Errno != abi.OK {
		return step.Errno
	}
	if !x.user.write(x.u64(abi.DumpBufLen), le32(step.Offset)) {
		return abi.EFAULT
	}
	if at := x.u64(abi.DumpPrevKey); at != 0 && !x.user.write(at, step.Key) {
		return abi.EFAULT
	}
	return abi.OK
}
