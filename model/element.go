package model

import "github.com/bpfsim/bpfsim/abi"

// The element commands, in the order of checks of kernel/bpf/syscall.c (measured on 6.18 over all combinations).
// BPF_F_LOCK is EINVAL where values have no spin lock.

// lookup is MAP_LOOKUP_ELEM: it looks at flags before the fd.
func (x *run) lookup() abi.Errno {
	flags := x.u64(abi.ElemFlags)
	if flags&^abi.Lock != 0 {
		return abi.EINVAL
	}
	o, errno := x.openFor(abi.ElemMapFD, true, false)
	if errno != abi.OK {
		return errno
	}
	if !o.lockable(flags) {
		return abi.EINVAL
	}
	key, errno := x.key(o)
	if errno != abi.OK || x.loose {
		return errno
	}
	if _, filter := o.table.(*bloom); filter {
		return x.test(o)
	}
	value, errno := x.found(o, key)
	return x.out(abi.ElemValue, x.shown(o, value, x.u64(abi.ElemValue)), errno)
}

// test is MAP_LOOKUP_ELEM of a Bloom filter: the value is input.
func (x *run) test(o *object) abi.Errno {
	value, ok := x.user.read(x.u64(abi.ElemValue), int(o.valueBytes))
	if !ok {
		return abi.EFAULT
	}
	return x.edit(o).(*bloom).test(value, x.seen.Errno)
}

// update is MAP_UPDATE_ELEM: the value is read before the type looks at flags.
func (x *run) update() abi.Errno {
	flags := x.u64(abi.ElemFlags)
	o, errno := x.openFor(abi.ElemMapFD, false, true)
	if errno != abi.OK {
		return errno
	}
	if !o.lockable(flags) {
		return abi.EINVAL
	}
	key, errno := x.key(o)
	if errno != abi.OK || x.loose {
		return errno
	}
	value, ok := x.user.read(x.u64(abi.ElemValue), int(o.valueBytes))
	if !ok {
		return abi.EFAULT
	}
	return x.store(o, x.edit(o), key, value, flags)
}

// store updates t, and counts what that pushed out.
func (x *run) store(o *object, t table, key, value []byte, flags uint64) abi.Errno {
	if o.outer() {
		var errno abi.Errno
		if value, errno = x.innerValue(o, t, key, value, flags); errno != abi.OK || x.loose {
			return errno
		}
		defer x.state.release()
	}
	if r, ok := t.(*references); ok {
		defer x.released(o)
		return x.refer(o, r, x.keep(key), value, flags)
	}
	if s, ok := t.(*storage); ok {
		return x.belong(s, key, x.keep(o.initial(value)), flags)
	}
	if a, ok := t.(*fdArray); ok {
		defer x.released(o)
		return x.fill(a, key, value, flags)
	}
	if c, ok := t.(*cpuMap); ok {
		defer x.released(o)
		return x.queue(o, c, key, value, flags)
	}
	errno := updated(t, flags&abi.Lock != 0)(x.call.CPU, x.keep(key), x.keep(o.initial(value)), flags&^abi.Lock)
	if h, ok := t.(*hash); ok {
		x.state.evicted += h.evicted
		h.evicted = 0
	}
	return errno
}

// updated is the update of t: under BPF_F_LOCK what is there is written over (measured on 6.18).
func updated(t table, locked bool) func(cpu int, key, value []byte, flags uint64) abi.Errno {
	if h, ok := t.(*hash); ok && locked {
		return h.updateInPlace
	}
	return t.update
}

// delete is MAP_DELETE_ELEM.
func (x *run) delete() abi.Errno {
	o, errno := x.openFor(abi.ElemMapFD, false, true)
	if errno != abi.OK {
		return errno
	}
	key, errno := x.key(o)
	if errno != abi.OK || x.loose {
		return errno
	}
	errno = x.removed(o, key)
	x.released(o)
	return errno
}

// released frees what o may have held alone.
func (x *run) released(o *object) {
	if o.keeps() || o.kind == abi.PerfEventArray {
		x.state.release()
	}
}

// nextKey is MAP_GET_NEXT_KEY: a NULL key asks for the first one.
func (x *run) nextKey() abi.Errno {
	o, errno := x.openFor(abi.ElemMapFD, true, false)
	if errno != abi.OK {
		return errno
	}
	var key []byte
	if x.u64(abi.ElemKey) != 0 {
		if key, errno = x.key(o); errno != abi.OK {
			return errno
		}
	}
	if x.loose {
		return abi.OK
	}
	if x.hidesOrder(o) {
		return abi.EFAULT
	}
	saw, _ := x.saw(x.u64(abi.ElemValue), int(o.keySize))
	next, errno := x.following(o, key, saw)
	return x.out(abi.ElemValue, next, errno)
}

// hidesOrder reports a fault in the copy out of a key of which there is no telling which one it was: legal, and nothing
// is learned from it.
func (x *run) hidesOrder(o *object) bool {
	h, ok := o.table.(*hash)
	hidden := ok && h.order != nil && h.count > 0 && x.seen.Errno == abi.EFAULT
	x.loose = hidden && !x.user.writable(x.u64(abi.ElemValue), int(o.keySize))
	return x.loose
}

// following is the key behind key. A map of unknown order learns from it.
func (x *run) following(o *object, key, saw []byte) ([]byte, abi.Errno) {
	if h, ok := o.table.(*hash); ok && h.order != nil {
		return x.edit(o).next(key, saw)
	}
	return o.table.next(key, saw)
}

// lookupAndDelete is MAP_LOOKUP_AND_DELETE_ELEM: the element is gone even when the copy out faults (measured).
func (x *run) lookupAndDelete() abi.Errno {
	flags := x.u64(abi.ElemFlags)
	if flags&^abi.Lock != 0 {
		return abi.EINVAL
	}
	o, errno := x.openFor(abi.ElemMapFD, true, true)
	if errno != abi.OK {
		return errno
	}
	if !o.lockable(flags) {
		return abi.EINVAL
	}
	key, errno := x.key(o)
	if errno != abi.OK || x.loose {
		return errno
	}
	value, errno := x.pop(o, key)
	return x.out(abi.ElemValue, value, errno)
}

// pop removes an element and returns its value.
func (x *run) pop(o *object, key []byte) ([]byte, abi.Errno) {
	if !x.has(o, abi.MapLookupAndDeleteElem) {
		return nil, abi.ENOTSUPP
	}
	switch t := x.edit(o).(type) {
	case *queue:
		return t.pop()
	case *stacks:
		return t.lookup(key)
	case *hash:
		value, errno := t.lookup(key)
		t.delete(x.call.CPU, key)
		return value, errno
	}
	panic("model: a map without the command that it has")
}

// freeze is MAP_FREEZE: it needs the right to write, so it works only once.
func (x *run) freeze() abi.Errno {
	o, can, errno := x.open(abi.ElemMapFD)
	switch {
	case errno != abi.OK || x.loose:
		return errno
	case len(o.typed.fields) > 0 && !x.lockFreezes(o):
		return abi.ENOTSUPP
	case x.oldRights() && o.frozen:
		return abi.EBUSY
	case x.oldRights() && !x.state.config.BPF, !x.oldRights() && !can.write:
		return abi.EPERM
	}
	x.state.edit(o.serial).frozen = true
	return abi.OK
}

// edit is the elements of o, as the new state's own.
func (x *run) edit(o *object) table { return x.state.edit(o.serial).table }

// key reads a key of o (___bpf_copy_key): NULL where the map has none, and only there.
func (x *run) key(o *object) ([]byte, abi.Errno) {
	addr := x.u64(abi.ElemKey)
	if o.keySize == 0 {
		if addr != 0 {
			return nil, abi.EINVAL
		}
		return nil, abi.OK
	}
	key, ok := x.user.read(addr, int(o.keySize))
	if !ok {
		return nil, abi.EFAULT
	}
	return key, abi.OK
}

// out copies p to the address at that offset in attr, unless an errno came first.
func (x *run) out(offset int, p []byte, errno abi.Errno) abi.Errno {
	if errno == abi.OK && !x.user.write(x.u64(offset), p) {
		return abi.EFAULT
	}
	return errno
}
