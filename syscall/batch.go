package bpfsys

import (
	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
)

// batch is a batch command past the checks that all four share.
type batch struct {
	call
	*buffers
	MapLookupBatch
	m         *Map
	keySize   int
	valueSize int
}

// runBatch makes the checks of bpf_map_do_batch in kernel/bpf/syscall.c and then runs op, which returns false when
// the map's type has no such command.
func (c *call) runBatch(need rights, op func(*batch) (abi.Errno, bool)) (int32, abi.Errno) {
	kept := c.kept()
	b := &kept.batch
	b.call, b.buffers = *c, kept
	b.Decode(c.attr)
	file, errno := c.use(b.FD, need)
	if errno != abi.OK {
		return 0, errno
	}
	defer c.done(file, need)
	b.m, b.keySize, b.valueSize = file.m, file.m.keySize, file.m.valueSize
	errno, ok := op(b)
	if !ok {
		return 0, abi.ENOTSUPP
	}
	return 0, errno
}

func (c *call) mapLookupBatch() (int32, abi.Errno) {
	return c.runBatch(reading, func(b *batch) (abi.Errno, bool) {
		b.writesInOrder()
		switch {
		case b.m.buckets != nil:
			return b.copyBuckets(b.m.buckets, false), true
		case b.m.walker != nil && b.m.many:
			return b.copyElements(b.m.walker), true
		}
		return 0, false
	})
}

func (c *call) mapLookupAndDeleteBatch() (int32, abi.Errno) {
	return c.runBatch(reading|writing, func(b *batch) (abi.Errno, bool) {
		if b.m.buckets == nil {
			return 0, false
		}
		return b.copyBuckets(b.m.buckets, true), true
	})
}

func (c *call) mapUpdateBatch() (int32, abi.Errno) {
	return c.runBatch(writing, func(b *batch) (abi.Errno, bool) {
		if b.m.updater == nil || !b.m.many {
			return 0, false
		}
		return b.each((*batch).updateOne, b.valueSize), true
	})
}

func (c *call) mapDeleteBatch() (int32, abi.Errno) {
	return c.runBatch(writing, func(b *batch) (abi.Errno, bool) {
		if b.m.deleter == nil || b.m.slots || !b.m.many {
			return 0, false
		}
		return b.each((*batch).deleteOne, 0), true
	})
}

// each runs one on every element in order up to the first that fails and reports how many went well. It reads keys, and
// values of valueSize bytes.
func (b *batch) each(one func(b *batch, i uint32) abi.Errno, valueSize int) abi.Errno {
	if errno, done := b.start(); done {
		return errno
	}
	if m, ok := b.proc.Mem.(inOrder); ok {
		m.ReadInOrder(b.Keys, uint64(b.Count)*uint64(b.keySize))
		m.ReadInOrder(b.Values, uint64(b.Count)*uint64(valueSize))
	}
	var errno abi.Errno
	n := uint32(0)
	for ; n < b.Count; n++ {
		if errno = one(b, n); errno != abi.OK {
			break
		}
	}
	if fault := b.copyWordOut(b.countAddr(), n); fault != abi.OK {
		return fault
	}
	return errno
}

func (b *batch) updateOne(i uint32) abi.Errno {
	key, errno := b.view(keyBuffer, at(b.Keys, i, b.keySize), b.keySize)
	if errno != abi.OK {
		return errno
	}
	value, errno := b.userValue(b.m, at(b.Values, i, b.valueSize))
	if errno != abi.OK {
		return errno
	}
	return b.set(b.m, key, value, b.ElemFlags)
}

func (b *batch) deleteOne(i uint32) abi.Errno {
	key, errno := b.view(keyBuffer, at(b.Keys, i, b.keySize), b.keySize)
	if errno != abi.OK {
		return errno
	}
	return b.m.deleter.Delete(b.task, key)
}

// start makes the checks before the first element: done is true when there is nothing to do.
func (b *batch) start() (errno abi.Errno, done bool) {
	switch {
	case b.ElemFlags&^abi.Lock != 0, !b.m.lockable(b.ElemFlags):
		return abi.EINVAL, true
	case b.Count == 0:
		return abi.OK, true
	}
	errno = b.putWord(b.countAddr(), 0)
	return errno, errno != abi.OK
}

// countAddr is where the caller's attr has count.
func (b *batch) countAddr() uint64 { return b.addr + abi.BatchCount }

// at is the address of element i of an array of elements of size bytes.
func at(base uint64, i uint32, size int) uint64 { return base + uint64(i)*uint64(size) }

// copyElements walks key by key (generic_map_lookup_batch in kernel/bpf/syscall.c): the cursor is the last key that it came
// to, and those without a value do not count.
func (b *batch) copyElements(elements maps.NextKeyer) abi.Errno {
	if errno, done := b.start(); done {
		return errno
	}
	var last []byte
	next, spare := b.one(keyBuffer, b.keySize), b.one(nextBuffer, b.keySize)
	if b.In != 0 {
		if errno := b.copyIn(spare, b.In); errno != abi.OK {
			return errno
		}
		last = spare
	}
	var errno abi.Errno
	n := uint32(0)
	if b.sweeps(b.m) != nil && b.apart() {
		if n, last = b.sweepElements(last); n > 0 {
			last = spare[:copy(spare, last)]
		}
	}
	for n < b.Count {
		if errno = elements.NextKey(b.task, last, next); errno != abi.OK {
			break
		}
		switch fault := b.copyElement(n, next); fault {
		case abi.OK:
			n++
		case abi.ENOENT: // gone meanwhile, or never there
		default:
			return fault
		}
		last, next, spare = next, spare, next
	}
	return b.finish(n, last, errno)
}

// copyElement copies key and its value to the caller's arrays.
func (b *batch) copyElement(i uint32, key []byte) abi.Errno {
	value := b.one(valueBuffer, b.valueSize)
	if errno := b.m.read(b.task, key, value, b.ElemFlags); errno != abi.OK {
		return errno
	}
	if errno := b.copyOut(at(b.Keys, i, b.keySize), key); errno != abi.OK {
		return errno
	}
	return b.copyOut(at(b.Values, i, b.valueSize), value)
}

// finish reports the count before the cursor: a bad Out is EFAULT with a count that holds.
func (b *batch) finish(n uint32, cursor []byte, errno abi.Errno) abi.Errno {
	if fault := b.copyWordOut(b.countAddr(), n); fault != abi.OK {
		return fault
	}
	if n == 0 {
		return errno
	}
	if fault := b.copyOut(b.Out, cursor); fault != abi.OK {
		return fault
	}
	return errno
}

// copyBuckets walks bucket by bucket (__htab_map_lookup_and_delete_batch in kernel/bpf/hashtab.c): the cursor is a
// bucket number. A bucket is read whole or not at all, and one that does not fit ends the walk.
func (b *batch) copyBuckets(table maps.Buckets, remove bool) abi.Errno {
	if b.Flags != 0 {
		return abi.EINVAL
	}
	if errno, done := b.start(); done {
		return errno
	}
	bucket, errno := b.firstBucket()
	if errno != abi.OK {
		return errno
	}
	if bucket >= table.Buckets() {
		return abi.ENOENT
	}
	return b.walkBuckets(table, bucket, remove)
}

// writesInOrder announces the results of a batch that leaves the map as it is. One that takes elements out writes them
// bucket by bucket: a fault must not cost more than the bucket that met it.
func (b *batch) writesInOrder() {
	if m, ok := b.proc.Mem.(inOrder); ok && b.apart() {
		m.WriteInOrder(b.Keys, uint64(b.Count)*uint64(b.keySize))
		m.WriteInOrder(b.Values, uint64(b.Count)*uint64(b.valueSize))
	}
}

// firstBucket reads the cursor at In.
func (b *batch) firstBucket() (uint32, abi.Errno) {
	if b.In == 0 {
		return 0, abi.OK
	}
	return b.getWord(b.In)
}

func (b *batch) walkBuckets(table maps.Buckets, bucket uint32, remove bool) abi.Errno {
	errno := abi.ENOENT
	done := uint32(0)
	if b.sweeps(b.m) != nil && b.apart() {
		done, bucket = b.sweepBuckets(bucket, remove)
	}
	for bucket = table.NextBucket(b.task, bucket); bucket < table.Buckets(); bucket = table.NextBucket(b.task, bucket+1) {
		n := b.readBucket(table, bucket, b.Count-done, remove)
		if n > b.Count-done {
			errno = noRoom(done)
			break
		}
		if fault := b.copyBucket(done, n); fault != abi.OK {
			return fault
		}
		done += n
	}
	return b.finishBuckets(done, bucket, errno)
}

// noRoom is the result when a bucket does not fit behind done elements.
func noRoom(done uint32) abi.Errno {
	if done == 0 {
		return abi.ENOSPC
	}
	return abi.OK
}

// firstBucketSize is the number of elements that the kernel's buffers have room for at first.
const firstBucketSize = 5

// readBucket reads a bucket of at most room elements into the kernel's buffers, which grow as long as it does not
// fit. It returns the bucket's length; where that is more than room, nothing was read or removed.
func (b *batch) readBucket(table maps.Buckets, bucket, room uint32, remove bool) uint32 {
	for size := min(room, max(firstBucketSize, uint32(cap(b.keys)/b.keySize))); ; {
		keys, values := b.sized(&b.keys, int(size)*b.keySize), b.sized(&b.values, int(size)*b.valueSize)
		n := uint32(table.ReadBucket(b.task, bucket, keys, values, remove))
		if n <= size || n > room {
			return n
		}
		size = n
	}
}

// copyBucket copies the n elements read last behind the done ones of the caller's arrays.
func (b *batch) copyBucket(done, n uint32) abi.Errno {
	if n == 0 {
		return abi.OK
	}
	if errno := b.copyOut(at(b.Keys, done, b.keySize), b.keys[:int(n)*b.keySize]); errno != abi.OK {
		return errno
	}
	b.m.initAll(b.values, int(n))
	return b.copyOut(at(b.Values, done, b.valueSize), b.values[:int(n)*b.valueSize])
}

// finishBuckets writes the cursor before the count: a bad Out leaves the count 0.
func (b *batch) finishBuckets(done, bucket uint32, errno abi.Errno) abi.Errno {
	if fault := b.copyWordOut(b.Out, bucket); fault != abi.OK {
		return fault
	}
	if fault := b.putWord(b.countAddr(), done); fault != abi.OK {
		return fault
	}
	return errno
}
