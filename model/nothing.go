package model

import "github.com/bpfsim/bpfsim/abi"

// nothing is a CGROUP_STORAGE or PERCPU_CGROUP_STORAGE map (kernel/bpf/local_storage.c), whose elements come with programs that are
// attached: there are none.
type nothing struct{}

func newNothing(spec, int) table { return nothing{} }

func (nothing) clone() table { return nothing{} }

func (nothing) lookup([]byte) ([]byte, abi.Errno) { return nil, abi.ENOENT }

func (nothing) update(_ int, _, _ []byte, flags uint64) abi.Errno {
	if flags != abi.Any && flags != abi.Exist {
		return abi.EINVAL
	}
	return abi.ENOENT
}

func (nothing) delete(int, []byte) abi.Errno { return abi.EINVAL }

func (nothing) next([]byte, []byte) ([]byte, abi.Errno) { return nil, abi.ENOENT }

// allocCgroupStorage is cgroup_storage_map_alloc in kernel/bpf/local_storage.c. The largest value of either type was found by
// bisection.
func (s *spec) allocCgroupStorage() abi.Errno {
	most := uint32(65407)
	if s.kind == abi.PerCPUCgroupStorage {
		most = maxPart
	}
	switch {
	case s.keySize != 8 && s.keySize != 16, s.valueSize == 0:
		return abi.EINVAL
	case s.valueSize > most:
		return abi.E2BIG
	case s.badFlags(abi.FlagNUMANode | accessFlags), s.maxEntries != 0:
		return abi.EINVAL
	}
	return abi.OK
}

// pages is an ARENA map (kernel/bpf/arena.c), which has no elements.
type pages struct{}

func newPages(spec, int) table { return pages{} }

func (pages) clone() table { return pages{} }

func (pages) lookup([]byte) ([]byte, abi.Errno) { return nil, abi.EINVAL }

func (pages) update(int, []byte, []byte, uint64) abi.Errno { return abi.EOPNOTSUPP }

func (pages) delete(int, []byte) abi.Errno { return abi.EOPNOTSUPP }

func (pages) next([]byte, []byte) ([]byte, abi.Errno) { return nil, abi.EOPNOTSUPP }

// allocArena is arena_map_alloc in kernel/bpf/arena.c. What map_extra says must leave the arena within 4 GiB that begin at a
// multiple of that.
func (s *spec) allocArena() abi.Errno {
	const page, most = 4096, 4 << 30
	size := uint64(s.maxEntries) * page
	switch {
	case s.keySize != 0 || s.valueSize != 0 || s.maxEntries == 0 || s.flags&abi.FlagMmapable == 0,
		s.flags&^(abi.FlagMmapable|abi.FlagSegvOnFault|abi.FlagNoUserConv) != 0, s.extra%page != 0:
		return abi.EINVAL
	case size > most:
		return abi.E2BIG
	case s.extra/most != (s.extra+size-1)/most:
		return abi.ERANGE
	}
	return abi.OK
}
