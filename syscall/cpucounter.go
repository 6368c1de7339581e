package bpfsys

import "sync/atomic"

// counterCPUs is the number of parts of a cpuCounter.
const counterCPUs = 4

// cacheLine is the size of what CPUs take from each other as a whole, in bytes.
const cacheLine = 64

// cpuCounter counts something in progress, by CPU, so that calls on several CPUs share no cache line (percpu-refcount in the
// kernel). Each call counts itself out on the CPU where it counted itself in.
type cpuCounter struct {
	_     [cacheLine]byte // what lies before is read by all CPUs
	parts [counterCPUs]struct {
		count atomic.Int64
		_     [cacheLine - 8]byte
	}
}

// add counts n in on a CPU.
func (t *cpuCounter) add(cpu int, n int64) { t.parts[cpu&(counterCPUs-1)].count.Add(n) }

// none reports whether nothing is in progress.
func (t *cpuCounter) none() bool {
	for i := range t.parts {
		if t.parts[i].count.Load() != 0 {
			return false
		}
	}
	return true
}
