package model

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

// linearizability asks, key by key, for an order of all that was done, taken and told, in which each operation takes effect at
// an instant of its own interval, and behind which what is left is left (M. Herlihy and J. Wing, "Linearizability: a
// correctness condition for concurrent objects", TOPLAS 1990). Keys are apart: linearizability is local.
func linearizability(h History) Judgement {
	if !h.Walk.Removes {
		return unasked
	}
	keys, done := h.operations()
	for _, key := range keys {
		if !linearizable(done[key]) {
			return broken("key %q: no order explains what was done and told: %s", key, inWords(done[key]))
		}
	}
	return Judgement{Asked: len(keys) > 0}
}

// operations are those on each key, the walk's and the last look at what is left included, in the order in which they began;
// keys are in the order in which they were first met.
func (h History) operations() (keys []string, done map[string][]Operation) {
	done = make(map[string][]Operation)
	add := func(o Operation) {
		if done[o.Key] == nil {
			keys = append(keys, o.Key)
		}
		done[o.Key] = append(done[o.Key], o)
	}
	for _, o := range h.Operations {
		add(o)
	}
	for _, call := range h.Walk.Calls {
		for _, pair := range call.Records {
			add(Operation{Start: call.Start, End: call.End, Key: pair.Key, Effect: Took, Value: pair.Value})
		}
	}
	for _, key := range keys {
		last := Operation{Start: math.MaxInt64, End: math.MaxInt64, Key: key, Effect: FoundAbsent}
		if value, left := h.Left[key]; left {
			last.Effect, last.Value = Took, value
		}
		done[key] = append(done[key], last)
		slices.SortStableFunc(done[key], func(a, b Operation) int { return cmp.Compare(a.Start, b.Start) })
	}
	return keys, done
}

// linearizable reports whether there is an order for the operations of one key, which begin in this order, from a key that is
// not there.
func linearizable(all []Operation) bool {
	return (&ordering{all: all, used: make([]byte, len(all))}).extend(content{}, len(all))
}

// ordering is a search for an order (J. Wing and C. Gong, "Testing and verifying concurrent objects", 1993), which
// remembers from where there is none (G. Lowe, "Testing for linearizability", 2017).
type ordering struct {
	all  []Operation
	used []byte // 1 for each that is in the order so far
	dead map[deadEnd]bool
}

// deadEnd is a set of operations and what they made of the key.
type deadEnd struct {
	used string
	content
}

// extend finds an order for the operations that are left.
func (o *ordering) extend(now content, left int) bool {
	if left == 0 {
		return true
	}
	if o.dead != nil && o.dead[deadEnd{string(o.used), now}] {
		return false
	}
	horizon := o.horizon()
	for i, next := range o.all {
		if next.Start > horizon {
			break
		}
		if o.used[i] != 0 {
			continue
		}
		if then, ok := next.apply(now); ok {
			o.used[i] = 1
			if o.extend(then, left-1) {
				return true
			}
			o.used[i] = 0
		}
	}
	if o.dead == nil {
		o.dead = make(map[deadEnd]bool)
	}
	o.dead[deadEnd{string(o.used), now}] = true
	return false
}

// horizon is the first instant at which an operation that is left has ended: the next one has begun by then.
func (o *ordering) horizon() int64 {
	horizon := int64(math.MaxInt64)
	for i, next := range o.all {
		if next.Start > horizon {
			break
		}
		if o.used[i] == 0 {
			horizon = min(horizon, next.End)
		}
	}
	return horizon
}

// longestInWords is how many operations a sentence has room for.
const longestInWords = 12

func inWords(all []Operation) string {
	var words []string
	for _, o := range all {
		words = append(words, o.String())
	}
	if len(words) > longestInWords {
		words = append([]string{"..."}, words[len(words)-longestInWords:]...)
	}
	words[len(words)-1] = "in the end " + atTheEnd(all[len(all)-1])
	return strings.Join(words, ", ")
}

// atTheEnd is what the last look found.
func atTheEnd(last Operation) string {
	if last.Effect == FoundAbsent {
		return "absent"
	}
	return "left" + strings.TrimPrefix(last.String(), "taken")
}
