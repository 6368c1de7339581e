package bpfsys

import (
	"math/rand/v2"
	"sync"
)

// seeds generates the hash seeds of maps made without BPF_F_ZERO_SEED: the same kernel seed gives the same sequence.
type seeds struct {
	mu   sync.Mutex
	pcg  *rand.PCG
	zero bool
}

func (s *seeds) start(seed uint64) { s.pcg = rand.NewPCG(seed, seed) }

func (s *seeds) next() uint32 {
	if s.zero {
		return 0
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return uint32(s.pcg.Uint64() >> 32)
}
