package model

import (
	"maps"
	"slices"

	"github.com/bpfsim/bpfsim/abi"
)

// order is what has been learned of the walk order of a hash map with an unknown seed since its last change. The
// order itself is fixed until then: each key has one successor, and no two keys have the same.
type order struct {
	behind map[string]string // key -> the key behind it
	start  string            // the first key
	begun  bool              // start is known
	last   string            // the last key
	ended  bool              // last is known
}

func newOrder() *order { return &order{behind: map[string]string{}} }

func (o *order) clone() *order {
	c := *o
	c.behind = maps.Clone(o.behind)
	return &c
}

// next is saw where saw can be the key behind key, else some legal answer.
func (o *order) next(h *hash, key, saw []byte) ([]byte, abi.Errno) {
	_, present := h.find(key)
	if key == nil || !present {
		return o.first(h, saw)
	}
	if to, known := o.behind[string(key)]; known {
		return []byte(to), abi.OK
	}
	if o.ended && o.last == string(key) {
		return nil, abi.ENOENT
	}
	if saw == nil && o.mayEnd(h, string(key)) {
		o.last, o.ended = string(key), true
		return nil, abi.ENOENT
	}
	to := o.choose(h, string(key), saw)
	if to == nil {
		o.last, o.ended = string(key), true
		return nil, abi.ENOENT
	}
	o.behind[string(key)] = string(to)
	return to, abi.OK
}

// head follows key back to the first key that is known to lead to it; length counts both ends.
func (o *order) head(key string) (head string, length uint32) {
	before := map[string]string{}
	for from, to := range o.behind {
		before[to] = from
	}
	for length = 1; ; length++ {
		from, known := before[key]
		if !known {
			return key, length
		}
		key = from
	}
}

// mayEnd reports whether key may be the last one: not when another one is, or when a walk from the start to it would
// miss elements.
func (o *order) mayEnd(h *hash, key string) bool {
	head, length := o.head(key)
	whole := o.begun && head == o.start
	return !o.ended && (!whole || length == h.count)
}

// first is the key that a walk starts with.
func (o *order) first(h *hash, saw []byte) ([]byte, abi.Errno) {
	if h.count == 0 {
		return nil, abi.ENOENT
	}
	if !o.begun {
		o.start, o.begun = string(o.choose(h, "", saw)), true
	}
	return []byte(o.start), abi.OK
}

// choose is saw if it can stand behind key, else a key that can, nil when none can.
func (o *order) choose(h *hash, key string, saw []byte) []byte {
	head, _ := o.head(key)
	taken := map[string]bool{key: true, head: true} // its own head would close a circle
	if o.begun {
		taken[o.start] = true
	}
	for _, to := range o.behind {
		taken[to] = true
	}
	if _, present := h.find(saw); present && saw != nil && !taken[string(saw)] {
		return saw
	}
	for _, b := range h.buckets {
		at := slices.IndexFunc(b.elements, func(e element) bool { return !taken[string(e.key)] })
		if at >= 0 {
			return b.elements[at].key
		}
	}
	return nil
}
