package proptest

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/bpfsim/bpfsim/abi"
)

// Report is what a campaign did and found.
type Report struct {
	Programs int
	// Ops counts bpf(2) calls and events, those inside dumps too.
	Ops int
	// Calls counts the calls by command and errno.
	Calls map[abi.Cmd]map[abi.Errno]int
	// Walks counts the walks that came to their end: the next key behind the last, a batch behind the last bucket.
	Walks int
	// Evictions counts elements that left an LRU map without being deleted, at least.
	Evictions int
	// Mismatches are the differences found, shrunk.
	Mismatches []*Mismatch
}

// count adds one outcome.
func (r *Report) count(s Step, o Outcome) {
	r.Ops++
	c, ok := s.Action.(Call)
	if !ok {
		return
	}
	if r.Calls == nil {
		r.Calls = map[abi.Cmd]map[abi.Errno]int{}
	}
	if r.Calls[c.Cmd] == nil {
		r.Calls[c.Cmd] = map[abi.Errno]int{}
	}
	r.Calls[c.Cmd][o.Errno]++
	if o.Errno == abi.ENOENT && walks(c.Cmd) {
		r.Walks++
	}
}

func walks(c abi.Cmd) bool {
	return c == abi.MapGetNextKey || c == abi.MapLookupBatch || c == abi.MapLookupAndDelBatch || c == abi.MapDump
}

// String is a table: a line of totals, a line for each command, the mismatches.
func (r *Report) String() string {
	w := new(writer)
	w.printf("%d programs, %d operations, %d walks to the end, %d evictions, %d mismatches\n",
		r.Programs, r.Ops, r.Walks, r.Evictions, len(r.Mismatches))
	for _, c := range slices.Sorted(maps.Keys(r.Calls)) {
		w.printf("  %-32s", c)
		errnos := slices.SortedFunc(maps.Keys(r.Calls[c]), func(a, b abi.Errno) int { return cmp.Compare(a, b) })
		for _, e := range errnos {
			w.printf(" %s:%d", e, r.Calls[c][e])
		}
		w.WriteByte('\n')
	}
	for _, m := range r.Mismatches {
		w.WriteString(fmt.Sprintf("\n%s", m))
	}
	return w.String()
}
