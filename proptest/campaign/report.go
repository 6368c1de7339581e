package campaign

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/bpfsim/bpfsim/abi"
)

// Report is what a campaign did and found.
type Report struct {
	Programs int
	// Ops counts bpf(2) calls and events, those inside dumps too.
	Ops int
	// Seen counts the calls by what they were about and how they ended.
	Seen map[Answer]int
	// Walks counts the walks that came to their end: the next key behind the last, a batch behind the last bucket.
	Walks int
	// Evictions counts elements that left an LRU map without being deleted, by the model's account.
	Evictions int
	// Mismatches are the differences found, shrunk.
	Mismatches []*Mismatch
}

// add adds what came of one more program.
func (r *Report) add(t *result) {
	r.Programs++
	r.Ops += t.ops
	r.Evictions += t.evictions
	if r.Seen == nil {
		r.Seen = map[Answer]int{}
	}
	for _, a := range t.answers {
		r.Seen[a]++
		if a.Errno == abi.ENOENT && walks(a.Cmd) {
			r.Walks++
		}
	}
	if t.mismatch != nil {
		r.Mismatches = append(r.Mismatches, t.mismatch)
	}
}

func walks(c abi.Cmd) bool {
	return c == abi.MapGetNextKey || c == abi.MapLookupBatch || c == abi.MapLookupAndDeleteBatch || c == abi.MapDump ||
		c == abi.MapDumpJuly || c == abi.MapDumpAndDelete
}

// String is a line of totals, the table of calls, and the mismatches.
func (r *Report) String() string {
	w := new(strings.Builder)
	fmt.Fprintf(w, "%d programs, %d operations, %d walks to the end, %d evictions, %d mismatches\n%s",
		r.Programs, r.Ops, r.Walks, r.Evictions, len(r.Mismatches), r.Table())
	for _, m := range r.Mismatches {
		fmt.Fprintf(w, "\n%s", m)
	}
	return w.String()
}

// Table has a line for each command: how often it ended how.
func (r *Report) Table() string {
	w := new(strings.Builder)
	calls := r.Calls()
	for _, c := range slices.Sorted(maps.Keys(calls)) {
		fmt.Fprintf(w, "  %-32s", c)
		errnos := slices.SortedFunc(maps.Keys(calls[c]), func(a, b abi.Errno) int { return cmp.Compare(a, b) })
		for _, e := range errnos {
			fmt.Fprintf(w, " %s:%d", e, calls[c][e])
		}
		w.WriteByte('\n')
	}
	return w.String()
}
