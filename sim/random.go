package sim

import "math/rand/v2"

// Random picks every answer with the same probability.
type Random struct {
	seed  uint64
	count uint64 // schedules begun by Next
	limit uint64
	rng   rand.PCG
}

// NewRandom draws schedules from a seed, as many as count. Schedule i depends on the seed and i only.
func NewRandom(seed uint64, count int) *Random {
	r := &Random{seed: seed, limit: uint64(count)}
	r.rng.Seed(seed, 0)
	return r
}

// Choose draws an answer.
func (r *Random) Choose(c *Choice) int { return below(&r.rng, len(c.Tasks)) }

// Next turns to the next schedule.
func (r *Random) Next() bool {
	if r.count == r.limit {
		return false
	}
	r.rng.Seed(r.seed, r.count)
	r.count++
	return true
}

// below is a number from 0 to n-1; its bias, n in 2^32, does not matter for schedules.
func below(rng *rand.PCG, n int) int { return int(rng.Uint64() >> 32 * uint64(n) >> 32) }
