package explore

import (
	"cmp"
	"errors"
	"math"
	"reflect"
	"slices"

	"github.com/bpfsim/bpfsim/maps"
	"github.com/bpfsim/bpfsim/model"
)

// Script is a run as whole calls, one after the other: what any kernel can be made to do from user space. The walk goes
// through its calls, and the others' operations stand between them.
type Script struct {
	Scenario Scenario
	Turns    []Turn
}

// Turn is an operation of a task and its place: before the sub-call Sub of call number Call of the walk, both counted
// from 0. The turns of operations behind the whole walk have Call AfterWalk.
type Turn struct {
	Task, Op  int // indexes into Scenario.Tasks and its Ops
	Call, Sub int
}

// AfterWalk is the Call of a turn behind the walk's end.
const AfterWalk = math.MaxInt

// ErrSubCall tells that no order of whole calls gives what a run gave: it interleaves steps of two calls.
var ErrSubCall = errors.New("interleaves steps inside of calls")

// Whole finds the order of whole calls that gives exactly what the run gave: the same records, cursors and errnos, and the
// same content at the end. A fault or a signal in a command that Linux does not have is inside of a call. Operations whose steps overlap are tried in the order in which they began to have an
// effect, and in that in which they ended. The error is ErrSubCall when neither gives it.
func (r *Run) Whole() (Script, error) {
	if way, _ := WayByName(r.Scenario.Walk.Way); !way.Kernel && r.Scenario.failures() > 0 {
		return Script{}, ErrSubCall // what stands for the command copies records itself
	}
	for _, at := range []func(span) int{span.start, span.end} {
		script := Script{Scenario: r.Scenario, Turns: r.turns(at)}
		played, err := script.Play(NewStage(r.Scenario.CPUs()))
		if err != nil {
			return Script{}, err
		}
		if r.Agrees(played) && (r.Breach == "") == (played.Breach == "") { // only a machine knows the instant of an eviction
			return script, nil
		}
	}
	return Script{}, ErrSubCall
}

// Agrees reports whether two runs of a scenario gave the same: every record, cursor and errno, and what is left.
func (r *Run) Agrees(other *Run) bool {
	return reflect.DeepEqual(r.given(), other.given())
}

// given is all that a run gave, without its times.
func (r *Run) given() any {
	type outcome struct{ task, text string }
	ops := make(map[string][]outcome)
	for _, done := range r.Done {
		ops[done.Task] = append(ops[done.Task], outcome{done.Task, done.Text})
	}
	walk := slices.Clone(r.History.Walk.Calls)
	for i := range walk {
		walk[i].Start, walk[i].End = 0, 0
	}
	var taken []model.Write
	for _, w := range r.History.Writes {
		if w.Evicted { // shows in what is left, and is told in other words by a Stage
			continue
		}
		w.Start, w.End = 0, 0
		taken = append(taken, w)
	}
	slices.SortFunc(taken, func(a, b model.Write) int {
		return cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.Value, b.Value), compareBools(a.Removed, b.Removed))
	})
	return []any{ops, walk, r.History.Walk.Ended, taken, r.History.Left}
}

func compareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// span is the first and the last step of an operation, or of a sub-call, that others can see.
type span struct{ first, last int }

func (s span) start() int { return s.first }
func (s span) end() int   { return s.last }

// place is a sub-call of the walk.
type place struct {
	span
	call, sub int
}

// turns puts each operation before the first sub-call that comes behind it.
func (r *Run) turns(at func(span) int) []Turn {
	places := r.places()
	type operation struct {
		span
		Turn
	}
	var ops []operation
	next, last := make(map[string]int), make(map[string]span)
	for _, done := range r.Done {
		task := slices.IndexFunc(r.Scenario.Tasks, func(t Task) bool { return t.Name == done.Task })
		if task >= 0 {
			s := last[done.Task] // for one that takes no step: its errno depends on nothing that others do
			if done.Start >= 0 {
				s = r.visible(done)
			}
			last[done.Task] = s
			turn := Turn{Task: task, Op: next[done.Task], Call: AfterWalk}
			if i := slices.IndexFunc(places, func(p place) bool { return at(p.span) > at(s) }); i >= 0 {
				turn.Call, turn.Sub = places[i].call, places[i].sub
			}
			ops = append(ops, operation{s, turn})
			next[done.Task] += len(r.Scenario.Tasks[task].call(turn.Op))
		}
	}
	slices.SortStableFunc(ops, func(a, b operation) int { return cmp.Compare(at(a.span), at(b.span)) })
	turns := make([]Turn, len(ops))
	for i, op := range ops {
		turns[i] = op.Turn
	}
	return turns
}

// visible is the span of an operation's steps but those that only copy from and to its own memory.
func (r *Run) visible(done Done) span {
	s, found := span{int(done.End), int(done.End)}, false
	for i := int(done.Start); i <= int(done.End); i++ {
		if !r.seen(i, done.Task) {
			continue
		}
		if !found {
			s.first, found = i, true
		}
		s.last = i
	}
	return s
}

// seen reports whether step i is one of task that others can see.
func (r *Run) seen(i int, task string) bool {
	step := r.Trace.Steps[i]
	return r.Trace.Tasks[step.Task] == task && step.At != maps.PointUser
}

// places are the sub-calls of the walk in order.
func (r *Run) places() []place {
	var all []place
	call := 0
	for _, done := range r.Done {
		if done.Task == walkerName {
			all = append(all, r.subCalls(done, call)...)
			call++
		}
	}
	return all
}

// subCalls parts a call of the walk. A way that goes key by key alternates between finding the next key, which takes one
// find a bucket and ends with the key's word, and getting its value, which begins with another find or a lock. Finding
// the next index of an array takes no step.
func (r *Run) subCalls(done Done, call int) []place {
	way, _ := WayByName(r.Scenario.Walk.Way)
	if !way.keyByKey {
		return []place{{span: r.visible(done), call: call}}
	}
	if r.Scenario.Map.isTrie() {
		return r.trieCalls(done, call)
	}
	var all []place
	array, found, getting := r.Scenario.Map.IsArray(), false, true
	for i := int(done.Start); i <= int(done.End); i++ {
		if !r.seen(i, done.Task) {
			continue
		}
		word := r.Trace.Steps[i].At == maps.PointWord
		switch {
		case array && !word:
			all = append(all, place{call: call, sub: 2*len(all) + 1, span: span{first: i}})
		case !array && !word && (getting && r.Trace.Steps[i].At == maps.PointFind || found):
			all = append(all, place{call: call, sub: len(all), span: span{first: i}})
			getting, found = found, false
		case !array && word && !getting:
			found = true
		}
		all[len(all)-1].last = i
	}
	if len(all) == 0 { // nothing is found in an empty map without a step of its own
		all = []place{{call: call, span: span{int(done.End), int(done.End)}}}
	}
	return all
}

// trieCalls parts a call of a walk of a trie, in which both finding the next key and getting a value come to many nodes
// and end with words.
func (r *Run) trieCalls(done Done, call int) []place {
	var all []place
	for i, copied := int(done.Start), true; i <= int(done.End); i++ {
		if !r.seen(i, done.Task) {
			continue
		}
		word := r.Trace.Steps[i].At == maps.PointWord
		if copied && !word {
			all = append(all, place{call: call, sub: len(all), span: span{first: i}})
		}
		all[len(all)-1].last, copied = i, word
	}
	return all
}
