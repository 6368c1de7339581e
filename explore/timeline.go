package explore

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
	"github.com/bpfsim/bpfsim/model"
)

// frame is what there is to see between two steps.
type frame struct {
	content [][]model.Pair // by bucket, in list order; all in one where the map has no buckets
	calls   int            // of the walk that have returned
	cursor  cursor
}

// cursor is where the walk's next call goes on.
type cursor struct {
	// Text is the cursor in words.
	Text string
	// Bucket is the index in frame.content that it points into, -1 when there is none.
	Bucket int
	// Key is the key it is, "" when it is none.
	Key string
}

// timeline is a run's frames: the first one before the first step, and one behind each step.
type timeline struct{ frames []frame }

// record adds a frame.
func (f *timeline) record(r *Run) {
	f.frames = append(f.frames, frame{content: r.buckets(), calls: len(r.History.Walk.Calls), cursor: r.cursor()})
}

// still is a Scheduler that lets nobody else run. Under a Scheduler readers take no locks, so that a look at the map
// neither waits for a task that holds one nor adds a step.
type still struct{}

func (still) Step(*maps.Task, maps.Point)   {}
func (still) Lock(*maps.Task, *maps.Lock)   {}
func (still) Touch(*maps.Task, maps.Access) {}

// buckets reads the map while tasks stand in the middle of what they do.
func (r *Run) buckets() [][]model.Pair {
	onlooker := &maps.Task{Scheduler: still{}}
	table, hashed := r.elements.(maps.Drainer)
	all := make([][]model.Pair, 1)
	if hashed {
		all = make([][]model.Pair, table.Buckets())
	}
	key, value := make([]byte, r.Scenario.Map.keyBytes()), make([]byte, r.Scenario.Map.Value)
	for from := []byte(nil); r.elements.(maps.NextKeyer).NextKey(onlooker, from, key) == abi.OK; from = key {
		r.elements.(maps.Lookuper).Lookup(onlooker, key, value)
		b := 0
		if hashed {
			b = int(table.BucketOf(key))
		}
		all[b] = append(all[b], model.Pair{Key: string(key), Value: string(value)})
	}
	return all
}

// cursor is the walk's cursor as it is now.
func (r *Run) cursor() cursor {
	w := r.walk
	switch {
	case w == nil || !w.started:
		return cursor{Text: "none yet", Bucket: -1}
	case w.way.cursor == noCursor:
		return cursor{Text: "none: each call starts at the first element", Bucket: -1}
	case r.History.Walk.Ended:
		return cursor{Text: "at the end", Bucket: -1}
	}
	key := r.Scenario.Map.keyText(string(w.cursor))
	table, hashed := r.elements.(maps.Drainer)
	switch {
	case r.Scenario.Map.isTrie():
		return cursor{Text: "key " + key, Key: key}
	case !hashed:
		return cursor{Text: "index " + key, Key: key}
	case w.way.cursor == bucketCursor:
		b := min(binary.LittleEndian.Uint32(w.cursor), table.Buckets()-1)
		return cursor{Text: fmt.Sprint("bucket ", binary.LittleEndian.Uint32(w.cursor)), Bucket: int(b)}
	}
	return cursor{Text: "key " + key, Bucket: int(table.BucketOf(w.cursor)), Key: key}
}

// used lists the buckets that hold something in some frame, or all of them when they are few.
func (f *timeline) used() []int {
	const few = 8
	var used []int
	for b := range f.frames[0].content {
		holds := func(f frame) bool { return len(f.content[b]) > 0 || f.cursor.Bucket == b }
		if len(f.frames[0].content) <= few || slices.ContainsFunc(f.frames, holds) {
			used = append(used, b)
		}
	}
	return used
}
