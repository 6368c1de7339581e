package bpfsys

import (
	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
)

// mapDump is BPF_MAP_DUMP as mailed in RFC v3 on 3 July 2019 (netdev, "bpf: add BPF_MAP_DUMP command to dump more
// than one entry per call"): next key and lookup in a loop.
func (c *call) mapDump() (int32, abi.Errno) {
	var args MapDump
	args.Decode(&c.attr)
	file, errno := c.mapFile(args.FD)
	if errno != abi.OK {
		return 0, errno
	}
	defer file.Release()
	if !file.canRead() {
		return 0, abi.EPERM
	}
	walk, ok := file.m.maps.(maps.NextKeyer)
	if !ok {
		return 0, abi.ENOTSUPP
	}
	return 0, c.dump(file.m, walk, args)
}

// dumper is a dump in progress. record is the one buffer of the loop: a key and its value.
type dumper struct {
	*call
	m      *Map
	walk   maps.NextKeyer
	key    []byte
	value  []byte
	record []byte
	cursor []byte // nil: from the start
}

func (c *call) dump(m *Map, walk maps.NextKeyer, args MapDump) abi.Errno {
	room, errno := c.getWord(args.BufLen)
	if errno != abi.OK {
		return errno
	}
	keySize := int(m.Spec().KeySize)
	record := sized(&c.value, keySize+m.maps.ValueBytes())
	if uint64(room) < uint64(len(record)) {
		return abi.EINVAL
	}
	d := dumper{call: c, m: m, walk: walk, key: record[:keySize], value: record[keySize:], record: record}
	if args.PrevKey != 0 {
		if d.cursor, errno = c.userKey(m, args.PrevKey); errno != abi.OK {
			return errno
		}
	}
	filled, errno := d.fill(args.Buf, uint64(room))
	if errno != abi.OK {
		return errno
	}
	return d.finish(args, uint32(filled))
}

// fill copies records until the room or the map ends and returns the bytes filled. After the first record the cursor
// is the loop's own key buffer, so that a key whose value is gone when it is looked up becomes the cursor itself, and
// the walk goes on wherever the map continues from an absent key. That is the mail's loop, not a slip.
func (d *dumper) fill(buf, room uint64) (filled uint64, errno abi.Errno) {
	for filled+uint64(len(d.record)) <= room {
		errno = d.next()
		if errno == abi.ENOENT && filled > 0 {
			return filled, abi.OK
		}
		if errno != abi.OK {
			return filled, errno
		}
		if errno = d.m.get(d.task, d.key, d.value); errno == abi.ENOENT {
			continue
		}
		if errno != abi.OK {
			return filled, errno
		}
		if errno = d.copyOut(buf+filled, d.record); errno != abi.OK {
			return filled, errno
		}
		d.cursor = d.key
		filled += uint64(len(d.record))
	}
	return filled, abi.OK
}

// next moves on to the next key unless a signal waits.
func (d *dumper) next() abi.Errno {
	if d.proc.Interrupted != nil && d.proc.Interrupted() {
		return abi.EINTR
	}
	return d.walk.NextKey(d.task, d.cursor, d.key)
}

// finish writes the bytes filled and then, where the caller passed a key, whatever the key buffer holds now.
func (d *dumper) finish(args MapDump, filled uint32) abi.Errno {
	if errno := d.copyWordOut(args.BufLen, filled); errno != abi.OK {
		return errno
	}
	if args.PrevKey == 0 {
		return abi.OK
	}
	return d.copyOut(args.PrevKey, d.key)
}
