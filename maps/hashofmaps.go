package maps

import "github.com/bpfsim/bpfsim/abi"

// hashOfMaps is HASH_OF_MAPS (hashtab.c): a HASH with ids for values. It has neither the values nor the commands that a
// HASH offers to programs, and replaces an inner map in place.
type hashOfMaps struct {
	hash  *hash
	inner *Inner
}

func newHashOfMaps(spec Spec) *hashOfMaps {
	h := &hashOfMaps{newHash(spec), spec.Inner}
	h.hash.leaves = h.inner.release
	return h
}

func (h *hashOfMaps) Spec() Spec      { return h.hash.Spec() }
func (h *hashOfMaps) ValueBytes() int { return idBytes }
func (h *hashOfMaps) Memlock() uint64 { return hashBytes(h.hash.spec, h.hash.pool.count()) }
func (h *hashOfMaps) Lookup(t *Task, key, value []byte) abi.Errno {
	return h.hash.Lookup(t, key, value)
}
func (h *hashOfMaps) NextKey(t *Task, key, next []byte) abi.Errno {
	return h.hash.NextKey(t, key, next)
}
func (h *hashOfMaps) Buckets() uint32 { return h.hash.Buckets() }
func (h *hashOfMaps) NextBucket(t *Task, from uint32) uint32 {
	return h.hash.NextBucket(t, from)
}
func (h *hashOfMaps) BucketOf(key []byte) uint32 { return h.hash.BucketOf(key) }
func (h *hashOfMaps) Sweeper() *Sweeper          { return h.hash.Sweeper() }

// Admit leaves all to Update: the inner map is looked at first.
func (h *hashOfMaps) Admit([]byte, uint64) abi.Errno { return abi.OK }

// Update of a key that is there changes the value alone, so the key does not move, unless the spec says so.
func (h *hashOfMaps) Update(t *Task, key, value []byte, flags uint64) abi.Errno {
	if flags > abi.Exist {
		return abi.EINVAL
	}
	var old [idBytes]byte
	replaced, errno := h.hash.exchange(t, key, value, old[:], flags)
	if replaced && h.hash.spec.InnerMoves {
		h.hash.pool.replaced(t)
	}
	if replaced {
		t.Touch(Access{Of: Anything})
		h.inner.release(old[:])
	}
	return errno
}

// exchange is Update that copies the value that it replaces to old.
func (h *hash) exchange(t *Task, key, value, old []byte, flags uint64) (replaced bool, errno abi.Errno) {
	hash := h.hash(key)
	st := h.lock(t, hash&h.mask)
	defer h.unlock(st)
	p, at, found := h.find(hash, key)
	if errno := admit(found, flags); errno != abi.OK {
		return false, errno
	}
	switch {
	case found && h.spec.InnerMoves:
		put(old, h.value(p, at))
		s, at := h.renew(t, p, hash, at)
		t.touchFilled(s)
		h.fill(p, at, hash, s, key, value)
		return true, abi.OK
	case found:
		t.Touch(memory(Values, h.slot(p, at), true))
		put(old, h.value(p, at))
		put(h.value(p, at), value)
		return true, abi.OK
	}
	return false, h.add(t, p, hash, key, value)
}

// add inserts an element that is not there, if there is room.
func (h *hash) add(t *Task, p *page, hash uint32, key, value []byte) abi.Errno {
	if errno := h.pool.reserve(t); errno != abi.OK {
		return errno
	}
	var s slot
	if h.layout.has(slots) {
		s = h.pool.take(t)
	}
	p, at := h.insert(t, p, hash, s)
	t.touchFilled(s)
	h.fill(p, at, hash, s, key, value)
	return abi.OK
}

// Delete takes an inner map out.
func (h *hashOfMaps) Delete(t *Task, key []byte) abi.Errno {
	var old [idBytes]byte
	errno := h.hash.LookupAndDelete(t, key, old[:])
	if errno == abi.OK {
		t.Touch(Access{Of: Anything})
		h.inner.release(old[:])
	}
	return errno
}

// LookupInner finds an inner map.
func (h *hashOfMaps) LookupInner(t *Task, key []byte) (Map, bool) {
	var id [idBytes]byte
	if h.hash.Lookup(t, key, id[:]) != abi.OK {
		return nil, false
	}
	return h.inner.find(id[:])
}

// ReadBucket copies bucket b whole, and empties it when remove is set.
func (h *hashOfMaps) ReadBucket(t *Task, b uint32, keys, values []byte, remove bool) int {
	n := h.hash.ReadBucket(t, b, keys, values, remove)
	if remove && h.hash.fits(n, keys, values) {
		t.Touch(Access{Of: Anything})
		h.inner.release(values[:n*idBytes])
	}
	return n
}

// TakeBucket is ReadBucket that removes what it copied if consumer takes it.
func (h *hashOfMaps) TakeBucket(t *Task, b uint32, keys, values []byte, consumer Consumer) int {
	noted := &notedConsumer{Consumer: consumer}
	n := h.hash.TakeBucket(t, b, keys, values, noted)
	t.Touch(Access{Of: Anything})
	h.inner.release(values[:noted.taken*idBytes])
	return n
}

// TakeFirst copies the first element of bucket b and removes it if consumer takes it.
func (h *hashOfMaps) TakeFirst(t *Task, b uint32, key, value []byte, consumer Consumer) bool {
	noted := &notedConsumer{Consumer: consumer}
	found := h.hash.TakeFirst(t, b, key, value, noted)
	t.Touch(Access{Of: Anything})
	h.inner.release(value[:noted.taken*idBytes])
	return found
}

// notedConsumer notes how many elements were taken.
type notedConsumer struct {
	Consumer
	taken int
}

func (c *notedConsumer) Consume(n int) bool {
	took := c.Consumer.Consume(n)
	if took {
		c.taken = n
	}
	return took
}

// Close takes all inner maps out.
func (h *hashOfMaps) Close() {
	for b := h.NextBucket(bystander, 0); b < h.Buckets(); b = h.NextBucket(bystander, b) {
		n := h.hash.ReadBucket(bystander, b, nil, nil, false)
		h.ReadBucket(bystander, b, make([]byte, n*int(h.hash.spec.KeySize)), make([]byte, n*idBytes), true)
	}
}

// checkHashOfMaps: fd_htab_map_alloc_check, which looks at the size of values before all else.
func checkHashOfMaps(spec Spec, sysAdmin bool) abi.Errno {
	if spec.ValueSize != idBytes {
		return abi.EINVAL
	}
	return checkHash(spec, sysAdmin)
}
