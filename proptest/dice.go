package proptest

import (
	"math/bits"
	"math/rand/v2"

	"pgregory.net/rapid"
)

// dice is where a drafter's choices come from: rapid, which can shrink them, or a seed.
type dice interface {
	// roll is a number in 0..n-1; 0 is the simplest choice.
	roll(n int) int
}

// seeded is a sequence of choices that a seed determines.
type seeded struct{ *rand.PCG }

func newSeeded(seed, i uint64) seeded { return seeded{rand.NewPCG(seed, i)} }

// roll gives what Rand.IntN gives, without calling through an interface: a program takes two thousand rolls. IntN's
// second tries are left out; one roll in 2^50 would need them.
func (s seeded) roll(n int) int {
	r := s.Uint64()
	if n&(n-1) == 0 {
		return int(r & uint64(n-1))
	}
	high, _ := bits.Mul64(r, uint64(n))
	return int(high)
}

// drawn are choices that rapid makes and shrinks. They are put together from single bits, because rapid prefers small
// numbers in ranges, and a mix of calls needs its weights.
type drawn struct{ t *rapid.T }

// spareBits keep the scaling of a roll fair.
const spareBits = 3

func (d drawn) roll(n int) int {
	width := bits.Len(uint(n-1)) + spareBits
	u := 0
	for range width {
		u <<= 1
		if coin.Draw(d.t, "") {
			u |= 1
		}
	}
	return u * n >> width
}

var coin = rapid.Bool()

// pick is one of the choices, the first being the simplest.
func pick[T any](d dice, choices ...T) T { return choices[d.roll(len(choices))] }

// chance is true in percent cases of a hundred.
func chance(d dice, percent int) bool { return d.roll(100) >= 100-percent }

// weighted is the index of a weight, drawn in proportion to it.
func weighted(d dice, weights ...int) int {
	total := 0
	for _, w := range weights {
		total += w
	}
	n := d.roll(total)
	for i, w := range weights {
		if n < w {
			return i
		}
		n -= w
	}
	panic(n) // roll is below the total
}
