package model

import "fmt"

// Contract is a promise that a way of walking may keep or break, judged over histories.
type Contract struct {
	// Name is the contract's name in tables and scenario files.
	Name string
	// Doc says what is promised, in one sentence.
	Doc string
	// Check says how h breaks the promise, "" when it keeps it. A history that cannot tell keeps it: Check never
	// blames a walk for what may have been legal.
	Check func(h History) string
}

// Contracts are all the contracts, in the order of the tables.
func Contracts() []Contract {
	return []Contract{
		{"no-invention", "each pair returned was the key's value at some instant of the call that returned it; " +
			"a torn value is an invention", noInvention},
		{"stable-coverage", "a key present throughout the walk is returned", stableCoverage},
		{"stable-exactness", "a key present and unchanged throughout the walk is returned exactly once", stableExactness},
		{"no-duplicates", "no key is returned twice", noDuplicates},
		{"bounded-termination", "the walk ends after a number of records and calls that depends on the map's shape " +
			"and not on what others do", boundedTermination},
		{"snapshot", "what the walk returned is the map's content at one instant of the walk", snapshot},
		{"conservation", "what the walk took out, what others took out and what is left is what was written, " +
			"each once", conservation},
		{"cursor-progress", "no call leaves the cursor where an earlier call of the walk left it", cursorProgress},
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

func noInvention(h History) string {
	for i, call := range h.Walk.Calls {
		for _, pair := range call.Records {
			if !h.could(pair.Key, pair.Value, call.Start, call.End) {
				return fmt.Sprintf("call %d returned %q=%q, which was never so during the call", i, pair.Key, pair.Value)
			}
		}
	}
	return ""
}

func stableCoverage(h History) string {
	if !h.Walk.Ended {
		return ""
	}
	for _, key := range h.keys() {
		if h.present(key, h.Walk.Start(), h.Walk.End()) && h.Walk.count(key) == 0 {
			return fmt.Sprintf("key %q was present throughout and was not returned", key)
		}
	}
	return ""
}

func stableExactness(h History) string {
	start, end := h.Walk.Start(), h.Walk.End()
	for _, key := range h.keys() {
		if !h.present(key, start, end) || !h.unchanged(key, start, end) {
			continue
		}
		if n := h.Walk.count(key); n > 1 || n == 0 && h.Walk.Ended {
			return fmt.Sprintf("key %q was present and unchanged throughout and was returned %d times", key, n)
		}
	}
	return ""
}

func noDuplicates(h History) string {
	for _, call := range h.Walk.Calls {
		for _, pair := range call.Records {
			if n := h.Walk.count(pair.Key); n > 1 {
				return fmt.Sprintf("key %q was returned %d times", pair.Key, n)
			}
		}
	}
	return ""
}

func boundedTermination(h History) string {
	records := 0
	for _, call := range h.Walk.Calls {
		records += len(call.Records)
	}
	if records > h.Bound {
		return fmt.Sprintf("%d records, and the map's shape allows %d", records, h.Bound)
	}
	// One more call finds the end.
	if calls := len(h.Walk.Calls); calls > h.Bound+1 {
		return fmt.Sprintf("%d calls, and the map's shape allows %d", calls, h.Bound+1)
	}
	return ""
}

// snapshot tries each instant at which something began or ended: between two of them nothing new becomes possible.
func snapshot(h History) string {
	if !h.Walk.Ended {
		return ""
	}
	if why := noDuplicates(h); why != "" {
		return why
	}
	returned := make(map[string]string)
	for _, call := range h.Walk.Calls {
		for _, pair := range call.Records {
			returned[pair.Key] = pair.Value
		}
	}
	for _, at := range h.instants() {
		if h.couldBe(returned, at) {
			return ""
		}
	}
	return fmt.Sprintf("at no instant of the walk was the map's content what it returned, %q", returned)
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

// conservation asks of each value written where it went. A value that another write may have replaced is not missed, and
// none is in a map that evicts: there the map itself loses pairs, and no walk can help it.
func conservation(h History) string {
	if !h.Walk.Removes || !h.Walk.Ended {
		return ""
	}
	taken, written := h.taken(), make(map[Pair]int)
	for _, w := range h.Writes {
		if !w.Removed {
			written[Pair{w.Key, w.Value}]++
		}
	}
	for _, w := range h.Writes {
		pair := Pair{w.Key, w.Value}
		if w.Removed {
			continue
		}
		if taken[pair] == 0 && !h.Evicts && !h.replaced(w) {
			return fmt.Sprintf("%q=%q was written, and neither returned nor left", w.Key, w.Value)
		}
		if taken[pair] > written[pair] {
			return fmt.Sprintf("%q=%q was written %d times and taken or left %d times", w.Key, w.Value, written[pair], taken[pair])
		}
	}
	return ""
}

// taken counts the pairs that somebody was given in exchange for them, or that are left.
func (h History) taken() map[Pair]int {
	taken := make(map[Pair]int)
	for _, call := range h.Walk.Calls {
		for _, pair := range call.Records {
			taken[pair]++
		}
	}
	for _, w := range h.Writes {
		if w.Removed {
			taken[Pair{w.Key, w.Value}]++
		}
	}
	for key, value := range h.Left {
		taken[Pair{key, value}]++
	}
	return taken
}

// replaced reports whether another write of the key, or a removal that asked for no value, may have ended w's value.
func (h History) replaced(w Write) bool {
	for _, other := range h.Writes {
		ends := !other.Removed || other.Value == ""
		if other != w && other.Key == w.Key && ends && other.End >= w.Start {
			return true
		}
	}
	return false
}

func cursorProgress(h History) string {
	seen := make(map[string]int)
	for i, call := range h.Walk.Calls {
		if len(call.Records) == 0 {
			continue
		}
		if first, ok := seen[call.Cursor]; ok {
			return fmt.Sprintf("call %d left the cursor at %q, where call %d had left it", i, call.Cursor, first)
		}
		seen[call.Cursor] = i
	}
	return ""
}
