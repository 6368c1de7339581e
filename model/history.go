package model

import (
	"math"

	"github.com/bpfsim/bpfsim/abi"
)

// History is what happened to one map while one walk went through it. Times are instants of any clock that orders
// actions: step numbers of a simulated machine, or a clock read before and after a call on a real kernel. An action
// took effect at some instant of its interval [Start, End]; nobody knows which.
type History struct {
	// Writes are the changes by everybody but the walk, those before it and the map's own evictions included, in any order.
	Writes []Write
	// Operations are what everybody but the walk did to single keys, what failed and the map's own evictions included, in any
	// order; at first the map is empty. Only walks that remove are asked about them.
	Operations []Operation
	// Walk is what the walk asked and was given.
	Walk Walk
	// Left is the map's content after everything has ended.
	Left map[string]string
	// Capacity is the number of keys that the map has room for, 0 for one that always holds them all.
	Capacity int
	// Bound is the number of records and of calls that a walk of this map may take whatever others do: buckets times
	// max_entries, since a walk that never turns back reads each bucket once.
	Bound int
}

// Write is one successful change of a key.
type Write struct {
	Start, End int64
	Key        string
	// Value is what the key has now or, for a removal, what the remover was given (empty when it asked for nothing).
	Value   string
	Removed bool
	// Evicted tells that the map removed the key by itself to have room for another one: an LRU map.
	Evicted bool
}

// Walk is a sequence of calls that is meant to read a whole map once.
type Walk struct {
	Calls []WalkCall
	// Ended reports that the walk found its end.
	Ended bool
	// Removes reports that the walk takes what it returns out of the map.
	Removes bool
}

// WalkCall is one call of a walk, or one round of several calls that return one record (GET_NEXT_KEY and LOOKUP).
type WalkCall struct {
	Start, End int64
	Records    []Pair
	// Cursor is where the next call goes on: a key or a token, "" before there is one.
	Cursor string
	// Room is the number of records that the next call has room for: a call that asks for more leaves a larger one.
	Room int
	// Failed is what a fault or a signal ended the call with, abi.OK where none did. Its records are lost to the walk, which goes
	// on from where it was.
	Failed abi.Errno
}

// Pair is a key with its value.
type Pair struct{ Key, Value string }

// Start is the instant at which the walk began, End the one at which it ended.
func (w Walk) Start() int64 {
	if len(w.Calls) == 0 {
		return math.MinInt64
	}
	return w.Calls[0].Start
}

// End is the instant at which the walk's last call returned.
func (w Walk) End() int64 {
	if len(w.Calls) == 0 {
		return math.MinInt64
	}
	return w.Calls[len(w.Calls)-1].End
}

// records is how many pairs were returned.
func (w Walk) records() int {
	n := 0
	for _, call := range w.Calls {
		n += len(call.Records)
	}
	return n
}

// whole is the number of calls that neither a fault nor a signal ended.
func (w Walk) whole() int {
	n := 0
	for _, call := range w.Calls {
		if call.Failed == abi.OK {
			n++
		}
	}
	return n
}

// count is how often key was returned.
func (w Walk) count(key string) int {
	n := 0
	for _, call := range w.Calls {
		for _, pair := range call.Records {
			if pair.Key == key {
				n++
			}
		}
	}
	return n
}

// endsWith reports whether call i only found the walk's end.
func (w Walk) endsWith(i int) bool {
	return w.Ended && i == len(w.Calls)-1 && len(w.Calls[i].Records) == 0
}

// returns finds a call that left the walk where an earlier one, first, had left it: any call, or one that returned nothing.
func (w Walk) returns(empty bool) (call, first int, found bool) {
	type place struct {
		cursor string
		room   int
	}
	seen := make(map[place]int)
	for i, call := range w.Calls {
		if call.Failed != abi.OK { // the next one is made again
			continue
		}
		at := place{call.Cursor, call.Room}
		first, again := seen[at]
		switch {
		case w.endsWith(i):
		case again && (!empty || len(call.Records) == 0):
			return i, first, true
		case !again:
			seen[at] = i
		}
	}
	return 0, 0, false
}

// keys are the keys that anybody wrote, each once, in order of their first write.
func (h History) keys() []string {
	var keys []string
	seen := make(map[string]bool)
	for _, w := range h.Writes {
		if !seen[w.Key] {
			seen[w.Key] = true
			keys = append(keys, w.Key)
		}
	}
	return keys
}

// could reports whether key may have had value at some instant of [start, end].
func (h History) could(key, value string, start, end int64) bool {
	for _, w := range h.Writes {
		if w.Key == key && !w.Removed && w.Value == value && w.Start <= end && !h.superseded(w, start) {
			return true
		}
	}
	return false
}

// superseded reports whether some change of w's key surely took effect after w and before the instant at.
func (h History) superseded(w Write, at int64) bool {
	for _, later := range h.Writes {
		if later.Key == w.Key && later.Start > w.End && later.End < at {
			return true
		}
	}
	return false
}

// couldBeAbsent reports whether key may have been absent at the instant at.
func (h History) couldBeAbsent(key string, at int64) bool {
	written := false
	for _, w := range h.Writes {
		if w.Key != key {
			continue
		}
		if w.Removed && w.Start <= at && !h.superseded(w, at) {
			return true
		}
		written = written || !w.Removed && w.End < at
	}
	return !written
}

// present reports whether key was surely in the map at every instant of [start, end].
func (h History) present(key string, start, end int64) bool {
	for _, w := range h.Writes {
		if w.Key == key && !w.Removed && w.End < start && h.keeps(w, end) {
			return true
		}
	}
	return false
}

// keeps reports whether w's key surely stayed from w until the instant until.
func (h History) keeps(w Write, until int64) bool {
	for _, other := range h.Writes {
		if other.Key != w.Key || other.End < w.Start {
			continue
		}
		if other.Removed && other.Start <= until {
			return false
		}
	}
	return true
}

// unchanged reports whether nobody can have changed key during [start, end].
func (h History) unchanged(key string, start, end int64) bool {
	for _, w := range h.Writes {
		if w.Key == key && w.End >= start && w.Start <= end {
			return false
		}
	}
	return true
}
