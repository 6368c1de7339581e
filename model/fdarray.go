package model

import "github.com/bpfsim/bpfsim/abi"

// fdArray is a PERF_EVENT_ARRAY map (kernel/bpf/arraymap.c), whose slots take fds of perf events. No call here makes such an
// fd, so every slot is empty.
type fdArray struct{ max uint32 }

func newFDArray(s spec, _ int) table { return &fdArray{s.maxEntries} }

func (t *fdArray) clone() table { return &fdArray{t.max} }

// lookup is no operation of user space, for no index (measured on 6.18).
func (t *fdArray) lookup([]byte) ([]byte, abi.Errno) { return nil, abi.ENOTSUPP }

// update looks at flags, the index, and then the fd, which is no perf event's (measured on 6.18).
func (t *fdArray) update(_ int, key, _ []byte, flags uint64) abi.Errno {
	switch {
	case flags != abi.Any:
		return abi.EINVAL
	case u32(key) >= t.max:
		return abi.E2BIG
	}
	return abi.EBADF
}

// delete tells an index outside from an empty slot (measured on 6.18).
func (t *fdArray) delete(_ int, key []byte) abi.Errno {
	if u32(key) >= t.max {
		return abi.E2BIG
	}
	return abi.ENOENT
}

// next counts like an array (measured on 6.18).
func (t *fdArray) next(key, saw []byte) ([]byte, abi.Errno) {
	return (&array{max: t.max}).next(key, saw)
}

// checkPerfEventArray is fd_array_map_alloc_check in kernel/bpf/arraymap.c; this type alone knows PRESERVE_ELEMS.
func (s *spec) checkPerfEventArray(sysAdmin bool) abi.Errno {
	plain := *s
	plain.flags &^= abi.FlagPreserveElems
	return plain.checkArrayOfMaps(sysAdmin)
}
