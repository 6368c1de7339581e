package model

import (
	"maps"

	"github.com/bpfsim/bpfsim/abi"
)

// cpuMap is a CPUMAP map (kernel/bpf/cpumap.c): a queue to each CPU, of a size in packets, with a
// program at its end.
type cpuMap struct {
	max    uint32
	cpus   uint32
	queues map[uint32][]byte
}

func newCPUMap(s spec, cpus int) table {
	return &cpuMap{s.maxEntries, uint32(cpus), map[uint32][]byte{}}
}

func (t *cpuMap) clone() table { return &cpuMap{t.max, t.cpus, maps.Clone(t.queues)} }

func (t *cpuMap) lookup(key []byte) ([]byte, abi.Errno) {
	if v, there := t.queues[u32(key)]; there {
		return v, abi.OK
	}
	return nil, abi.ENOENT
}

// update needs to know what fds are of: queue does it.
func (t *cpuMap) update(int, []byte, []byte, uint64) abi.Errno { panic("model: queue does it") }

// inner is the programs.
func (t *cpuMap) inner() (serials []int) {
	for _, v := range t.queues {
		if n := programOf(v); n != 0 {
			serials = append(serials, int(n))
		}
	}
	return serials
}

// queue is an update. It checks flags, the index, NOEXIST, the size, the CPU, and then the program's fd (measured on 6.18).
func (x *run) queue(o *object, t *cpuMap, key, value []byte, flags uint64) abi.Errno {
	cpu, size := u32(key), u32(value)
	switch {
	case flags > abi.Exist:
		return abi.EINVAL
	case cpu >= t.max:
		return abi.E2BIG
	case flags == abi.NoExist:
		return abi.EEXIST
	case size > 16384:
		return abi.EOVERFLOW
	case cpu >= t.cpus:
		return abi.ENODEV
	case size == 0:
		delete(t.queues, cpu)
		return abi.OK
	}
	program, ok := x.behind(o, value, abi.AttachXDPCPUMap)
	if !ok {
		return abi.ENOMEM
	}
	t.queues[cpu] = append(le32(size), le32(uint32(program))...)[:len(value)]
	return abi.OK
}

// delete does not tell a queue from none (measured on 6.18).
func (t *cpuMap) delete(_ int, key []byte) abi.Errno {
	if u32(key) >= t.max {
		return abi.EINVAL
	}
	delete(t.queues, u32(key))
	return abi.OK
}

// next counts like an array (measured on 6.18).
func (t *cpuMap) next(key, saw []byte) ([]byte, abi.Errno) {
	return (&array{max: t.max}).next(key, saw)
}

// allocCPUMap is cpu_map_alloc; 256 is CONFIG_NR_CPUS of the kernel that was measured.
func (s *spec) allocCPUMap() abi.Errno {
	switch {
	case s.maxEntries == 0 || s.keySize != 4 || s.valueSize != 4 && s.valueSize != 8 || s.flags&^abi.FlagNUMANode != 0:
		return abi.EINVAL
	case s.maxEntries > 256:
		return abi.E2BIG
	}
	return abi.OK
}
