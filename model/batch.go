package model

import (
	"slices"

	"github.com/bpfsim/bpfsim/abi"
)

// batch is the start of all batch commands (bpf_map_do_batch in kernel/bpf/syscall.c).
func (x *run) batch() abi.Errno {
	cmd := x.call.Cmd
	reads := cmd == abi.MapLookupBatch || cmd == abi.MapLookupAndDeleteBatch
	o, errno := x.openFor(abi.BatchMapFD, reads, cmd != abi.MapLookupBatch)
	if errno != abi.OK || x.loose {
		return errno
	}
	h, isHash := o.table.(*hash)
	switch {
	case !o.has(cmd):
		return abi.ENOTSUPP
	case x.u64(abi.BatchElemFlags)&^abi.Lock != 0 || !o.lockable(x.u64(abi.BatchElemFlags)): // NOEXIST and EXIST too
		return abi.EINVAL
	case isHash && reads && x.u64(abi.BatchFlags) != 0: // nobody else looks at flags (measured)
		return abi.EINVAL
	case x.u32(abi.BatchCount) == 0:
		return abi.OK
	case !x.user.put(x.call.Attr+abi.BatchCount, 0):
		return abi.EFAULT
	case !reads:
		return x.changeBatch(o)
	case !isHash:
		return x.keyBatch(o)
	case h.order != nil:
		return x.shuffledBatch(o, cmd == abi.MapLookupAndDeleteBatch)
	}
	return x.bucketBatch(o, cmd == abi.MapLookupAndDeleteBatch)
}

// keyAt and valueAt are the addresses of the i'th key and value of a batch.
func (x *run) keyAt(o *object, i uint32) uint64 {
	return x.u64(abi.BatchKeys) + uint64(i)*uint64(o.keySize)
}

func (x *run) valueAt(o *object, i uint32) uint64 {
	return x.u64(abi.BatchValues) + uint64(i)*uint64(o.valueBytes)
}

// changeBatch is MAP_UPDATE_BATCH and MAP_DELETE_BATCH: elements in order up to the first error; count is how many were
// done before it (generic_map_update_batch, generic_map_delete_batch).
func (x *run) changeBatch(o *object) abi.Errno {
	t, done, errno := x.edit(o), uint32(0), abi.OK
	for done < x.u32(abi.BatchCount) {
		if errno = x.changeOne(o, t, done); errno != abi.OK {
			break
		}
		done++
	}
	return x.counted(done, errno)
}

// changeOne updates or deletes the i'th element of a batch.
func (x *run) changeOne(o *object, t table, i uint32) abi.Errno {
	key, ok := x.user.read(x.keyAt(o, i), int(o.keySize))
	if !ok {
		return abi.EFAULT
	}
	if x.call.Cmd == abi.MapDeleteBatch {
		errno := t.delete(x.call.CPU, key)
		x.released(o)
		return errno
	}
	value, ok := x.user.read(x.valueAt(o, i), int(o.valueBytes))
	if !ok {
		return abi.EFAULT
	}
	return x.store(o, t, key, value, x.u64(abi.BatchElemFlags))
}

// counted writes count and answers errno.
func (x *run) counted(done uint32, errno abi.Errno) abi.Errno {
	if !x.user.writeWord(x.call.Attr+abi.BatchCount, done) {
		return abi.EFAULT
	}
	return errno
}

// keyBatch is MAP_LOOKUP_BATCH of an array, whose token is the last key copied (generic_map_lookup_batch).
func (x *run) keyBatch(o *object) abi.Errno {
	var last []byte
	if in := x.u64(abi.BatchIn); in != 0 {
		var ok bool
		if last, ok = x.user.read(in, int(o.keySize)); !ok {
			return abi.EFAULT
		}
	}
	done, errno := uint32(0), abi.OK
	for done < x.u32(abi.BatchCount) {
		var key []byte
		if key, errno = o.table.next(last, nil); errno != abi.OK {
			break
		}
		last = key
		value, absent := o.table.lookup(key)
		if absent != abi.OK { // an empty slot
			continue
		}
		value = x.shown(o, value, x.valueAt(o, done))
		if !x.user.write(x.keyAt(o, done), key) || !x.user.write(x.valueAt(o, done), value) {
			return abi.EFAULT
		}
		done++
	}
	if errno = x.counted(done, errno); errno != abi.EFAULT && done > 0 && !x.user.write(x.u64(abi.BatchOut), last) {
		return abi.EFAULT
	}
	return errno
}

// bucketBatch is MAP_LOOKUP_BATCH and MAP_LOOKUP_AND_DELETE_BATCH of a hash map, whose token is a bucket's number: whole
// buckets while they fit; ENOENT behind the last one, with whatever was copied (__htab_map_lookup_and_delete_batch).
func (x *run) bucketBatch(o *object, remove bool) abi.Errno {
	h := o.table.(*hash)
	start, errno := x.startBucket(h)
	if errno != abi.OK {
		return errno
	}
	if remove {
		h = x.edit(o).(*hash)
	}
	total, limit := uint32(0), x.u32(abi.BatchCount)
	for _, b := range h.buckets[h.from(start):] {
		n := uint32(len(b.elements))
		if n > limit-total {
			return x.endBucket(b.index, total, full(total))
		}
		if remove { // before the copy out: a fault loses the bucket (measured)
			b.elements = slices.Clone(b.elements)
			h.removeAll(b.elements)
			defer x.released(o)
		}
		if !x.copyBucket(o, b.elements, total) {
			return abi.EFAULT
		}
		total += n
	}
	return x.endBucket(h.nbuckets, total, abi.ENOENT)
}

// full is the errno when a bucket does not fit any more.
func full(total uint32) abi.Errno {
	if total == 0 {
		return abi.ENOSPC
	}
	return abi.OK
}

// startBucket reads the token: NULL is bucket 0, one behind the last bucket is the end.
func (x *run) startBucket(h *hash) (uint32, abi.Errno) {
	start := uint32(0)
	if in := x.u64(abi.BatchIn); in != 0 {
		b, ok := x.user.read(in, 4)
		if !ok {
			return 0, abi.EFAULT
		}
		start = u32(b)
	}
	if start >= h.nbuckets {
		return 0, abi.ENOENT
	}
	return start, abi.OK
}

// copyBucket copies all keys of a bucket, then all its values, behind the total elements before it.
func (x *run) copyBucket(o *object, elements []element, total uint32) bool {
	elements = x.shownAll(o, elements, func(i int) uint64 { return x.valueAt(o, total+uint32(i)) })
	for i, e := range elements {
		if !x.user.write(x.keyAt(o, total+uint32(i)), e.key) {
			return false
		}
	}
	for i, e := range elements {
		if !x.user.write(x.valueAt(o, total+uint32(i)), e.value) {
			return false
		}
	}
	return true
}

// removeAll removes elements; the order in which their nodes are given back cannot be seen, free nodes being equal.
func (h *hash) removeAll(elements []element) {
	for _, e := range elements {
		h.remove(e)
	}
}

// endBucket writes the token, then count.
func (x *run) endBucket(index, total uint32, errno abi.Errno) abi.Errno {
	if !x.user.writeWord(x.u64(abi.BatchOut), index) || !x.user.put(x.call.Attr+abi.BatchCount, total) {
		return abi.EFAULT
	}
	return errno
}
