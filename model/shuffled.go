package model

import "github.com/bpfsim/bpfsim/abi"

// shuffledBatch is bucketBatch of a map whose seed, and so whose order, is unknown: the keys and the token that the
// kernel wrote are taken from memory afterwards, and must be possible. Where buffers overlap or a fault may come in
// between, memory tells too little: what is written is not looked at then.
func (x *run) shuffledBatch(o *object, remove bool) abi.Errno {
	h := o.table.(*hash)
	start, errno := x.startBucket(h)
	if errno != abi.OK {
		return errno
	}
	if !x.apart(x.outputs(o, min(x.u32(abi.BatchCount), h.count))) {
		return x.untoldBatch(o, h, remove)
	}
	token := u32(x.after(x.u64(abi.BatchOut), 4))
	total := u32(x.after(x.call.Attr+abi.BatchCount, 4))
	elements, ok := x.seenElements(o, h, total)
	if !ok || !x.possible(h, start, token, total) {
		return abi.EINVAL // which this command never answers here
	}
	if remove {
		x.edit(o).(*hash).removeAll(elements)
	}
	x.copyBucket(o, elements, 0)
	x.released(o)
	return x.endBucket(token, total, x.seen.Errno)
}

// outputs is where a batch of up to n elements may write.
func (x *run) outputs(o *object, n uint32) []Span {
	return []Span{
		{x.call.Attr + abi.BatchCount, 4},
		{x.u64(abi.BatchOut), 4},
		{x.u64(abi.BatchKeys), uint64(n) * uint64(o.keySize)},
		{x.u64(abi.BatchValues), uint64(n) * uint64(o.valueBytes)},
	}
}

// apart reports whether all spans are writable and none overlaps another one.
func (x *run) apart(spans []Span) bool {
	for i, a := range spans {
		if !x.user.writable(a.Addr, int(a.Size)) {
			return false
		}
		for _, b := range spans[:i] {
			if a.Addr < b.Addr+b.Size && b.Addr < a.Addr+a.Size {
				return false
			}
		}
	}
	return true
}

// seenElements is the elements whose keys the kernel wrote, false when they are not distinct elements of the map.
func (x *run) seenElements(o *object, h *hash, total uint32) ([]element, bool) {
	if total > min(x.u32(abi.BatchCount), h.count) {
		return nil, false
	}
	seen, elements := map[string]bool{}, []element{}
	for i := range total {
		e, present := h.find(x.after(x.keyAt(o, i), int(o.keySize)))
		if !present || seen[string(e.key)] {
			return nil, false
		}
		seen[string(e.key)] = true
		elements = append(elements, e)
	}
	return elements, true
}

// possible reports whether a walk from bucket start may end with that token, total and errno.
func (x *run) possible(h *hash, start, token, total uint32) bool {
	limit := x.u32(abi.BatchCount)
	switch x.seen.Errno {
	case abi.ENOENT:
		return token == h.nbuckets && (start != 0 || total == h.count)
	case abi.ENOSPC:
		return total == 0 && token >= start && token < h.nbuckets && h.count > limit
	case abi.OK:
		return total > 0 && token > start && token < h.nbuckets && h.count > total
	}
	return false
}

// after is n bytes as the call left them; from the first one that is not accessible on they are 0.
func (x *run) after(addr uint64, n int) []byte {
	p := x.then.prefix(addr, n)
	return append(p, make([]byte, n-len(p))...)
}
