package model

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Adjacent instants are different ones: on a machine each step is an instant, so that a contract which is off by one blames what
// was legal, or lets pass what was not.
func TestAdjacentInstants(t *testing.T) {
	// a has the value 1 from some instant of [10, 12] on.
	wrote := Write{Start: 10, End: 12, Key: "a", Value: "1"}
	with := func(writes ...Write) History { return History{Writes: append([]Write{wrote}, writes...)} }
	update := func(start, end int64) Write { return Write{Start: start, End: end, Key: "a", Value: "2"} }
	remove := func(start, end int64) Write { return Write{Start: start, End: end, Key: "a", Removed: true} }
	for _, tt := range []struct {
		name string
		got  bool
		want bool
	}{
		{"a call that ends before a write begins", with().could("a", "1", 0, 9), false},
		{"a call that ends when a write begins", with().could("a", "1", 0, 10), true},
		{"a call that begins when an update ends", with(update(14, 20)).could("a", "1", 20, 30), true},
		{"a call that begins behind an update", with(update(14, 20)).could("a", "1", 21, 30), false},
		{"an update that begins when a write ends", with(update(12, 20)).could("a", "1", 25, 30), true},
		{"an update that begins behind a write", with(update(13, 20)).could("a", "1", 25, 30), false},

		{"the instant before a removal begins", with(remove(14, 20)).couldBeAbsent("a", 13), false},
		{"the instant at which a removal begins", with(remove(14, 20)).couldBeAbsent("a", 14), true},
		{"the instant at which a first write ends", with().couldBeAbsent("a", 12), true},
		{"the instant behind a first write", with().couldBeAbsent("a", 13), false},
		{"a removal that a write surely undid", with(remove(14, 20), update(21, 22)).couldBeAbsent("a", 23), false},
		{"a removal that a write may have undone", with(remove(14, 20), update(21, 22)).couldBeAbsent("a", 22), true},

		{"a walk that begins when a write ends", with().present("a", 12, 30), false},
		{"a walk that begins behind a write", with().present("a", 13, 30), true},
		{"a walk that ends before a removal begins", with(remove(31, 40)).present("a", 13, 30), true},
		{"a walk that ends when a removal begins", with(remove(30, 40)).present("a", 13, 30), false},
		{"a removal that ends before a write begins", with(remove(1, 9)).present("a", 13, 30), true},
		{"a removal that ends when a write begins", with(remove(1, 10)).present("a", 13, 30), false},

		{"a walk that begins when an update ends", with(update(14, 20)).unchanged("a", 20, 30), false},
		{"a walk that begins behind an update", with(update(14, 20)).unchanged("a", 21, 30), true},
		{"a walk that ends when an update begins", with(update(30, 40)).unchanged("a", 13, 30), false},
		{"a walk that ends before an update begins", with(update(31, 40)).unchanged("a", 13, 30), true},
	} {
		require.Equal(t, tt.want, tt.got, tt.name)
	}
}

// A walk may take as many records as its bound says, and one call more.
func TestTheBoundIsAllowed(t *testing.T) {
	record := []Pair{{"a", "1"}}
	h := History{Bound: 2, Walk: Walk{Ended: true, Calls: []WalkCall{{Records: record, Cursor: "a"}, {Records: record, Cursor: "b"}, {}}}}
	require.Empty(t, boundedTermination(h).Breach)
	h.Walk.Calls[2].Records = record
	require.NotEmpty(t, boundedTermination(h).Breach)
	h.Walk.Calls[2].Records = nil
	h.Walk.Calls = append(h.Walk.Calls, WalkCall{Cursor: "d"})
	require.NotEmpty(t, boundedTermination(h).Breach)
}
