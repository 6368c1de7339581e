package bpfsys

import (
	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
)

// fillBuckets copies whole buckets, from one on, while they fit. Where it goes on depends on the last key's hash alone, so nothing
// that others do to that key sends the walk back.
func (d *dump) fillBuckets(bucket uint32) abi.Errno {
	for bucket = d.table.NextBucket(bucket); bucket < d.table.Buckets(); bucket = d.table.NextBucket(bucket + 1) {
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
	room := (d.room - d.filled) / uint64(len(d.record))
	n := d.readBucket(bucket, int(room))
	if uint64(n) > room {
		return false, d.noRoom()
	}
	if n == 0 || d.fault != abi.OK {
		return true, d.fault
	}
	if !d.remove {
		if errno = d.copyOut(d.Buf+d.filled, d.pack(n)); errno != abi.OK {
			return true, errno
		}
	}
	d.filled += uint64(n * len(d.record))
	copy(d.key, d.keys[(n-1)*len(d.key):])
	return true, abi.OK
}

func (d *dump) noRoom() abi.Errno {
	if d.filled > 0 {
		return abi.OK
	}
	return abi.ENOSPC
}

// readBucket reads a bucket into the kernel's buffers and returns its length; past room nothing was read.
func (d *dump) readBucket(bucket uint32, room int) int {
	for size := min(room, max(firstBucketSize, cap(d.keys)/len(d.key))); ; {
		keys, values := d.sized(&d.keys, size*len(d.key)), d.sized(&d.values, size*len(d.value))
		n := d.readOnce(bucket, keys, values)
		if n <= size || n > room {
			return n
		}
		size = n
	}
}

func (d *dump) readOnce(bucket uint32, keys, values []byte) int {
	if d.remove {
		return d.table.TakeBucket(d.task, bucket, keys, values, d)
	}
	return d.table.ReadBucket(d.task, bucket, keys, values, false)
}

// pack lays the n elements read last out as records.
func (d *dump) pack(n int) []byte {
	packed := d.one(nextBuffer, n*len(d.record))
	for i := range n {
		record := packed[i*len(d.record):]
		copy(record, d.keys[i*len(d.key):][:len(d.key)])
		copy(record[len(d.key):], d.values[i*len(d.value):][:len(d.value)])
	}
	return packed
}

// drain takes elements out one by one, each from the head of the first bucket that holds one.
func (d *dump) drain(bucket uint32) abi.Errno {
	d.keys, d.values = d.sized(&d.keys, len(d.key)), d.sized(&d.values, len(d.value))
	for d.hasRoom() {
		if d.interrupted() {
			return abi.EINTR
		}
		if bucket = d.table.NextBucket(bucket); bucket == d.table.Buckets() {
			return d.end()
		}
		if !d.table.TakeFirst(d.task, bucket, d.keys, d.values, d) {
			continue
		}
		if d.fault != abi.OK {
			return d.fault
		}
		copy(d.key, d.keys)
		d.filled += uint64(len(d.record))
	}
	return abi.OK
}

// Take writes the elements to the caller's buffer while their bucket is locked: they leave the map if that succeeds.
func (d *dump) Take(n int) bool {
	packed := d.pack(n)
	if d.proc.Mem.Write(d.Buf+d.filled, packed) < len(packed) {
		d.fault = abi.EFAULT
	}
	return d.fault == abi.OK
}

var _ maps.Taker = (*dump)(nil)
