package generator

import (
	"math/bits"
	"math/rand/v2"

	"pgregory.net/rapid"
)

// Source is where a generator's choices come from: rapid, which can shrink them, or a seed.
type Source interface {
	// Intn is a number in 0..n-1; 0 is the simplest choice.
	Intn(n int) int
}

// Seeded is a sequence of choices that a seed determines.
type Seeded struct{ *rand.PCG }

// NewSeeded is sequence i of a seed.
func NewSeeded(seed, i uint64) Seeded { return Seeded{rand.NewPCG(seed, i)} }

// Intn gives what Rand.IntN gives, without calling through an interface: a program takes two thousand draws. IntN's
// second tries are left out; one draw in 2^50 would need them.
func (s Seeded) Intn(n int) int {
	r := s.Uint64()
	if n&(n-1) == 0 {
		return int(r & uint64(n-1))
	}
	high, _ := bits.Mul64(r, uint64(n))
	return int(high)
}

// rapidSource gives choices that rapid makes and shrinks. They are put together from single bits, because rapid prefers small
// numbers in ranges, and a mix of calls needs its weights.
type rapidSource struct{ t *rapid.T }

// spareBits keep the scaling of a number fair.
const spareBits = 3

func (s rapidSource) Intn(n int) int {
	width := bits.Len(uint(n-1)) + spareBits
	u := 0
	for range width {
		u <<= 1
		if coin.Draw(s.t, "") {
			u |= 1
		}
	}
	return u * n >> width
}

var coin = rapid.Bool()

// pick is one of the choices, the first being the simplest.
func pick[T any](s Source, choices ...T) T { return choices[s.Intn(len(choices))] }

// chance is true in percent cases of a hundred.
func chance(s Source, percent int) bool { return s.Intn(100) >= 100-percent }

// weighted is the index of a weight, drawn in proportion to it.
func weighted(s Source, weights ...int) int {
	total := 0
	for _, w := range weights {
		total += w
	}
	n := s.Intn(total)
	for i, w := range weights {
		if n < w {
			return i
		}
		n -= w
	}
	panic(n) // n is below the total
}
