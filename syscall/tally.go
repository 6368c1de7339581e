package bpfsys

import "sync/atomic"

// tallyCPUs is the number of parts of a tally.
const tallyCPUs = 4

// tally counts system calls in progress, by CPU, so that calls on several CPUs share no cache line (percpu-refcount in
// the kernel). Each call counts itself out on the CPU where it counted itself in.
type tally [tallyCPUs]struct {
	calls atomic.Int64
	_     [56]byte // to the end of the cache line
}

// add counts n calls in on a CPU.
func (t *tally) add(cpu int, n int64) { t[cpu&(tallyCPUs-1)].calls.Add(n) }

// none reports whether no call is in progress.
func (t *tally) none() bool {
	for i := range t {
		if t[i].calls.Load() != 0 {
			return false
		}
	}
	return true
}
