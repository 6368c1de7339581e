package model

// capacity asks of what is left, and of each key that was refused for want of room.
func capacity(h History) Judgement {
	if h.Capacity == 0 {
		return unasked
	}
	if left := len(h.Left); left > h.Capacity {
		return broken("%d keys are left, and max_entries is %d", left, h.Capacity)
	}
	judgement := Judgement{Asked: len(h.keys()) >= h.Capacity}
	for _, o := range h.Operations {
		if o.Effect != FoundFull {
			continue
		}
		if most := h.most(o.Start, o.End); most < h.Capacity {
			return broken("key %q was refused for want of room, while no more than %d can have been there, and max_entries is %d",
				o.Key, most, h.Capacity)
		}
		judgement.Asked = true
	}
	return judgement
}

// most is the largest number of keys that may have been there at an instant of [start, end], of which each write adds one. What
// the walk takes out may have stayed.
func (h History) most(start, end int64) int {
	most := h.atMost(start)
	for _, w := range h.Writes {
		if start < w.Start && w.Start <= end {
			most = max(most, h.atMost(w.Start))
		}
	}
	return most
}

// atMost is the number of keys that may have been there at an instant.
func (h History) atMost(at int64) int {
	n := 0
	for _, key := range h.keys() {
		for _, w := range h.Writes {
			if w.Key == key && !w.Removed && w.Start <= at && !h.superseded(w, at) {
				n++
				break
			}
		}
	}
	return n
}
