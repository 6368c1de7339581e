package bpfsys

import "github.com/bpfsim/bpfsim/abi"

// fillBuckets copies whole buckets, from one on, while they fit. Where it goes on depends on the last key's hash alone, so nothing
// that others do to that key sends the walk back.
func (d *dump) fillBuckets(bucket uint32) abi.Errno {
	table := d.m.drainer
	for bucket = table.NextBucket(d.task, bucket); bucket < table.Buckets(); bucket = table.NextBucket(d.task, bucket+1) {
		if d.interrupted() {
			return abi.EINTR
		}
		fits, errno := d.copyBucket(bucket)
		if errno != abi.OK || !fits {
			return errno
		}
	}
	return d.end()
}

// copyBucket copies a bucket, and empties it if the dump removes. fits is false, and errno ENOSPC before the first
// record, when there is not enough room.
func (d *dump) copyBucket(bucket uint32) (fits bool, errno abi.Errno) {
	room := (d.room - d.filled) / d.size
	n, errno := d.readBucket(bucket, int(room))
	if uint64(n) > room {
		return false, d.noRoom()
	}
	if n == 0 || errno != abi.OK {
		return true, errno
	}
	if !d.remove {
		if errno = d.copyOut(d.buf+d.filled, d.kept().pack(n, d.m)); errno != abi.OK {
			return true, errno
		}
	}
	d.filled += uint64(n) * d.size
	copy(d.key, d.kept().keys[(n-1)*len(d.key):])
	return true, abi.OK
}

func (d *dump) noRoom() abi.Errno {
	if d.filled > 0 {
		return abi.OK
	}
	return abi.ENOSPC
}

// readBucket reads a bucket into the kernel's buffers and returns its length; past room nothing was read.
func (d *dump) readBucket(bucket uint32, room int) (int, abi.Errno) {
	for size := min(room, max(firstBucketSize, cap(d.kept().keys)/len(d.key))); ; {
		n, errno := d.readOnce(bucket, size)
		if n <= size || n > room {
			return n, errno
		}
		size = n
	}
}

// readOnce is readBucket with room for so many elements in the kernel's buffers.
func (d *dump) readOnce(bucket uint32, size int) (int, abi.Errno) {
	kept := d.kept()
	keys, values := kept.sized(&kept.keys, size*len(d.key)), kept.sized(&kept.values, size*len(d.value))
	if !d.remove {
		return d.m.drainer.ReadBucket(d.task, bucket, keys, values, false), abi.OK
	}
	t := d.consumer()
	n := d.m.drainer.TakeBucket(d.task, bucket, keys, values, t)
	return n, t.fault
}

// drain takes elements out one by one, each from the head of the first bucket that holds one.
func (d *dump) drain(bucket uint32) abi.Errno {
	table, kept := d.m.drainer, d.kept()
	key, value := kept.sized(&kept.keys, len(d.key)), kept.sized(&kept.values, len(d.value))
	for d.hasRoom() {
		if d.interrupted() {
			return abi.EINTR
		}
		if bucket = table.NextBucket(d.task, bucket); bucket == table.Buckets() {
			return d.end()
		}
		t := d.consumer()
		if !table.TakeFirst(d.task, bucket, key, value, t) {
			continue
		}
		if t.fault != abi.OK {
			return t.fault
		}
		copy(d.key, key)
		d.filled += d.size
	}
	return abi.OK
}

// drainFirst takes elements out one by one, each the first of the map's order.
func (d *dump) drainFirst() abi.Errno {
	kept := d.kept()
	key, value := kept.sized(&kept.keys, len(d.key)), kept.sized(&kept.values, len(d.value))
	for d.hasRoom() {
		if d.interrupted() {
			return abi.EINTR
		}
		t := d.consumer()
		if !d.m.first.TakeFirst(d.task, key, value, t) {
			return d.end()
		}
		if t.fault != abi.OK {
			return t.fault
		}
		copy(d.key, key)
		d.filled += d.size
	}
	return abi.OK
}
