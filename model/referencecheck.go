package model

import "github.com/bpfsim/bpfsim/abi"

// The shapes of maps whose values refer to something, and of STACK_TRACE.

func (s *spec) fdOrCookie() bool { return s.valueSize == 4 || s.valueSize == 8 }

// checkDevMap is dev_map_alloc_check in kernel/bpf/devmap.c.
func (s *spec) checkDevMap(bool) abi.Errno {
	switch {
	case s.maxEntries == 0 || s.keySize != 4 || !s.fdOrCookie() || s.flags&^(abi.FlagNUMANode|fdFlags) != 0:
		return abi.EINVAL
	case s.kind == abi.DevMapHash && s.maxEntries > 1<<31:
		return abi.EINVAL
	}
	return abi.OK
}

// allocSocks is sock_map_alloc and sock_hash_alloc in net/core/sock_map.c, and xsk_map_alloc in net/xdp/xskmap.c.
func (s *spec) allocSocks() abi.Errno {
	switch {
	case s.maxEntries == 0 || s.keySize == 0 || !s.fdOrCookie() || s.flags&^(abi.FlagNUMANode|fdFlags) != 0,
		s.kind != abi.SockHash && s.keySize != 4,
		s.kind == abi.XSKMap && s.valueSize != 4:
		return abi.EINVAL
	case s.keySize > 512:
		return abi.E2BIG
	case s.kind == abi.SockHash && s.maxEntries > 1<<31:
		return abi.EINVAL
	}
	return abi.OK
}

// checkSockArray is reuseport_array_alloc_check in kernel/bpf/reuseport_array.c.
func (s *spec) checkSockArray(bool) abi.Errno {
	if !s.fdOrCookie() || s.flags&(abi.FlagMmapable|abi.FlagInnerMap) != 0 {
		return abi.EINVAL
	}
	return s.checkArray(false)
}

// allocStackTrace is stack_map_alloc in kernel/bpf/stackmap.c.
func (s *spec) allocStackTrace() abi.Errno {
	frame := uint32(8)
	if s.flags&abi.FlagStackBuildID != 0 {
		frame = 32
	}
	switch {
	case s.flags&^(abi.FlagNUMANode|abi.FlagStackBuildID|fdFlags) != 0, s.maxEntries == 0, s.keySize != 4,
		s.valueSize == 0, s.valueSize%frame != 0, s.valueSize/frame > 127:
		return abi.EINVAL
	case s.maxEntries > 1<<31:
		return abi.E2BIG
	}
	return abi.OK
}

// stacks is a STACK_TRACE map. Programs alone put stacks in, so this one is empty.
type stacks struct{ buckets uint32 }

func newStacks(s spec, _ int) table { return &stacks{bucketCount(s.maxEntries)} }

func (t *stacks) clone() table { return t }

func (t *stacks) lookup([]byte) ([]byte, abi.Errno) { return nil, abi.ENOENT }

// update is no operation of user space (measured on 6.18).
func (t *stacks) update(int, []byte, []byte, uint64) abi.Errno { return abi.EINVAL }

func (t *stacks) delete(_ int, key []byte) abi.Errno {
	if u32(key) >= t.buckets {
		return abi.E2BIG
	}
	return abi.ENOENT
}

func (t *stacks) next([]byte, []byte) ([]byte, abi.Errno) { return nil, abi.ENOENT }
