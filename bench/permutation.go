package bench

// permutation visits the elements of a map, each far away from the last one.
type permutation struct{ at, step, entries int }

// stride leads from an element to one far away: a prime, so that all elements are visited.
const stride = 7919

// newPermutation starts at an element.
func newPermutation(entries, from int) permutation {
	return permutation{at: from, step: stride % entries, entries: entries}
}

// next is the element after this one. A remainder here would cost a tenth of a lookup.
func (p *permutation) next() int {
	p.at += p.step
	if p.at >= p.entries {
		p.at -= p.entries
	}
	return p.at
}
