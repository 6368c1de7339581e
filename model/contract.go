package model

import "fmt"

// Contract is a promise that a way of walking may keep or break, judged over histories.
type Contract struct {
	// Name is the contract's name in tables and scenario files.
	Name string
	// Doc says what is promised, in one sentence.
	Doc string
	// Asks says which walks it asks about: another one keeps it whatever it returns.
	Asks string
	// Check judges a history. One that cannot tell keeps the promise: Check never blames a walk for what may have been
	// legal.
	Check func(h History) Judgement
}

// Judgement is what a contract says of one history.
type Judgement struct {
	// Asked tells that the history could have broken the contract: there was something that it promises.
	Asked bool
	// Breach says how it was broken, "" when it was kept.
	Breach string
}

// unasked is the judgement on a history that a contract says nothing about.
var unasked = Judgement{}

// broken is the judgement on one that breaks it.
func broken(format string, args ...any) Judgement {
	return Judgement{true, fmt.Sprintf(format, args...)}
}

// Contracts are all the contracts, in the order of the tables.
func Contracts() []Contract {
	return []Contract{
		{"no-invention", "each pair returned was the key's value at some instant of the call that returned it; " +
			"a torn value is an invention", "walks that return a pair and leave it in the map", noInvention},
		{"stable-coverage", "a key present throughout the walk is returned",
			"walks that end, while some key is present throughout", stableCoverage},
		{"stable-exactness", "a key present and unchanged throughout the walk is returned exactly once",
			"walks throughout which some key is present and unchanged", stableExactness},
		{"no-duplicates", "no key is returned twice", "walks that return two pairs", noDuplicates},
		{"bounded-termination", "the walk ends after a number of records and calls that depends on the map's shape " +
			"and not on what others do; no call without a record stays where it was", "all walks", boundedTermination},
		{"snapshot", "what the walk returned is the map's content at one instant of the walk", "walks that end", snapshot},
		{"linearizability", "whatever was done to a key, by the walk, by others or by the map, and what is left, is as if each " +
			"had been done at one instant", "walks that take what they return", linearizability},
		{"cursor-progress", "no call leaves the cursor where an earlier call of the walk left it",
			"walks of two calls before the end", cursorProgress},
		{"capacity", "no more than max_entries keys are left, and a key is refused for want of room only while as many may be there",
			"maps in which as many keys were written", capacity},
	}
}

// ContractByName finds a contract.
func ContractByName(name string) (Contract, bool) {
	for _, c := range Contracts() {
		if c.Name == name {
			return c, true
		}
	}
	return Contract{}, false
}

func noInvention(h History) Judgement {
	if h.Walk.Removes { // linearizability asks more
		return unasked
	}
	for i, call := range h.Walk.Calls {
		for _, pair := range call.Records {
			if !h.could(pair.Key, pair.Value, call.Start, call.End) {
				return broken("call %d returned %q=%q, which was never so during the call", i, pair.Key, pair.Value)
			}
		}
	}
	return Judgement{Asked: h.Walk.records() > 0}
}

func stableCoverage(h History) Judgement {
	if !h.Walk.Ended {
		return unasked
	}
	judgement := unasked
	for _, key := range h.keys() {
		if !h.present(key, h.Walk.Start(), h.Walk.End()) {
			continue
		}
		if h.Walk.count(key) == 0 {
			return broken("key %q was present throughout and was not returned", key)
		}
		judgement.Asked = true
	}
	return judgement
}

func stableExactness(h History) Judgement {
	start, end := h.Walk.Start(), h.Walk.End()
	judgement := unasked
	for _, key := range h.keys() {
		if !h.present(key, start, end) || !h.unchanged(key, start, end) {
			continue
		}
		if n := h.Walk.count(key); n > 1 || n == 0 && h.Walk.Ended {
			return broken("key %q was present and unchanged throughout and was returned %d times", key, n)
		}
		judgement.Asked = true
	}
	return judgement
}

func noDuplicates(h History) Judgement {
	for _, call := range h.Walk.Calls {
		for _, pair := range call.Records {
			if n := h.Walk.count(pair.Key); n > 1 {
				return broken("key %q was returned %d times", pair.Key, n)
			}
		}
	}
	return Judgement{Asked: h.Walk.records() > 1}
}

func boundedTermination(h History) Judgement {
	if records := h.Walk.records(); records > h.Bound {
		return broken("%d records, and the map's shape allows %d", records, h.Bound)
	}
	// One more call finds the end.
	if calls := h.Walk.whole(); calls > h.Bound+1 {
		return broken("%d calls, and the map's shape allows %d", calls, h.Bound+1)
	}
	if call, first, ok := h.Walk.returns(true); ok {
		return broken("call %d returned nothing and left the cursor at %q, where call %d had left it", call, h.Walk.Calls[call].Cursor, first)
	}
	return Judgement{Asked: len(h.Walk.Calls) > 0}
}

// snapshot tries each instant at which something began or ended: between two of them nothing new becomes possible.
func snapshot(h History) Judgement {
	if !h.Walk.Ended {
		return unasked
	}
	if twice := noDuplicates(h); twice.Breach != "" {
		return twice
	}
	returned := make(map[string]string)
	for _, call := range h.Walk.Calls {
		for _, pair := range call.Records {
			returned[pair.Key] = pair.Value
		}
	}
	for _, at := range h.instants() {
		if h.couldBe(returned, at) {
			return Judgement{Asked: true}
		}
	}
	return broken("at no instant of the walk was the map's content what it returned, %q", returned)
}

func (h History) instants() []int64 {
	start, end := h.Walk.Start(), h.Walk.End()
	at := []int64{start, end}
	for _, w := range h.Writes {
		for _, t := range []int64{w.Start, w.End} {
			if start <= t && t <= end {
				at = append(at, t)
			}
		}
	}
	return at
}

func (h History) couldBe(content map[string]string, at int64) bool {
	for key := range content {
		if !h.could(key, content[key], at, at) {
			return false
		}
	}
	for _, key := range h.keys() {
		if _, ok := content[key]; !ok && !h.couldBeAbsent(key, at) {
			return false
		}
	}
	return true
}

// cursorProgress asks of all calls but the last one of a walk that ended with nothing more.
func cursorProgress(h History) Judgement {
	if call, first, ok := h.Walk.returns(false); ok {
		return broken("call %d left the cursor at %q, where call %d had left it", call, h.Walk.Calls[call].Cursor, first)
	}
	calls := h.Walk.whole()
	if calls > 0 && h.Walk.endsWith(len(h.Walk.Calls)-1) {
		calls--
	}
	return Judgement{Asked: calls > 1}
}
