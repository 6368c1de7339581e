package bench

// tour visits the elements of a map, each far away from the last one.
type tour struct{ at, step, entries int }

// stride leads from an element to one far away: a prime, so that all elements are visited.
const stride = 7919

// newTour starts at an element.
func newTour(entries, from int) tour { return tour{at: from, step: stride % entries, entries: entries} }

// next is the element after this one. A remainder here would cost a tenth of a lookup.
func (t *tour) next() int {
	t.at += t.step
	if t.at >= t.entries {
		t.at -= t.entries
	}
	return t.at
}
