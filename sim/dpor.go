package sim

import (
	"errors"
	"fmt"
	"math/bits"
	"slices"

	"github.com/bpfsim/bpfsim/maps"
)

// DPOR enumerates schedules so that each two differ in more than the order of steps that do not touch the same: of those that only
// do, one is run. It is dynamic partial-order reduction with source sets and sleep sets (P. Abdulla, S. Aronis, B. Jonsson, K. Sagonas,
// "Optimal dynamic partial order reduction", POPL 2014). What a step has touched is known behind it (maps.Access). A step that
// said nothing may have touched anything.
//
// Spans count too: of any two, the schedules show each way in which one can have ended before the other began.
type DPOR struct {
	// Forget is what to leave out, which is wrong: tests show by it that each kind of conflict is needed.
	Forget func(maps.Resource) bool

	nodes   []node // one before each event
	events  []event
	tasks   int         // of the machine
	depth   int         // events of the current run
	settled int         // of these
	fixed   int         // events that the run is told, all but the last of them repeated
	last    []int       // of each task's events
	holds   [][]section // of each task, the locks that it holds
	firsts  []int32

	count, redundant int
}

// node is the state before an event.
type node struct {
	backtrack uint64 // tasks to be tried, a bit each
	sleep     []sleeper
}

// sleeper is a task whose next step leads only to what has been seen, until a step that depends on it was taken.
type sleeper struct{ event }

// Spans are what DPOR.Forget is asked of beside the resources of maps: that spans are compared.
const Spans = maps.Resources

// errRedundant ends a run whose every way on has been seen.
var errRedundant = errors.New("sim: another schedule has shown what this one would")

// maxReduced is how many tasks a DPOR can tell apart.
const maxReduced = 64

// NewDPOR enumerates all schedules of a machine that differ.
func NewDPOR() *DPOR { return &DPOR{} }

// Count is the number of schedules that Next has turned to and that were run to their ends.
func (d *DPOR) Count() int { return d.count - d.redundant }

// Redundant is the number of runs that were ended before, when it showed that they lead to nothing new.
func (d *DPOR) Redundant() int { return d.redundant }

// Next turns to the next schedule.
func (d *DPOR) Next() bool {
	if d.count > 0 && !d.advance() {
		return false
	}
	d.count++
	d.depth, d.settled = 0, 0
	return true
}

// advance turns to the last node with something left to try.
func (d *DPOR) advance() bool {
	d.settle()
	for d.nodes = d.nodes[:d.depth]; len(d.nodes) > 0; d.nodes = d.nodes[:len(d.nodes)-1] {
		at := len(d.nodes) - 1
		n := &d.nodes[at]
		n.sleep = append(n.sleep, sleeper{d.events[at].saved()})
		if left := n.backtrack &^ n.asleep(); left != 0 {
			d.events[at].task = bits.TrailingZeros64(left)
			d.fixed = len(d.nodes)
			return true
		}
	}
	return false
}

// saved is the event in memory of its own.
func (e *event) saved() event {
	saved := *e
	saved.accesses = append([]maps.Access(nil), e.accesses...)
	saved.held, saved.clock = nil, nil
	return saved
}

// asleep are the sleeping tasks.
func (n *node) asleep() (tasks uint64) {
	for _, s := range n.sleep {
		tasks |= 1 << s.task
	}
	return tasks
}

// seen is the answer of a Chooser that has seen all that any of the answers leads to.
const seen = -2

// Choose picks the task that takes the next step.
func (d *DPOR) Choose(c *Choice) int {
	if d.tasks == 0 {
		panic("sim: a DPOR chooses for a Machine only, which tells it what steps touch")
	}
	for i, t := range c.Tasks {
		if t.quiet {
			return i // nobody can tell when it comes
		}
	}
	d.settle()
	if d.depth < d.fixed {
		return c.index(d.events[d.depth].task)
	}
	n := d.arrive()
	asleep := n.asleep()
	for i, t := range c.Tasks {
		if asleep>>t.index&1 == 0 {
			n.backtrack = 1 << t.index
			return i
		}
	}
	d.redundant++
	return seen
}

// index is the place of a task among the answers, -1 where it cannot go on.
func (c *Choice) index(task int) int {
	return slices.IndexFunc(c.Tasks, func(t *Task) bool { return t.index == task })
}

// arrive is the node behind the last event. Who slept before that does so still, if the event changed nothing for him.
func (d *DPOR) arrive() *node {
	d.nodes = append(d.nodes[:d.depth], node{})
	n := &d.nodes[d.depth]
	if d.depth == 0 {
		return n
	}
	last := &d.events[d.depth-1]
	for _, s := range d.nodes[d.depth-1].sleep {
		if s.task != last.task && !s.dependent(last) {
			n.sleep = append(n.sleep, s)
		}
	}
	return n
}

// start begins a run of a machine with so many tasks.
func (d *DPOR) start(tasks int) {
	if tasks > maxReduced {
		panic(fmt.Sprintf("sim: a DPOR of %d tasks", tasks))
	}
	d.tasks, d.depth, d.settled = tasks, 0, 0
	d.last, d.holds = make([]int, tasks), make([][]section, tasks)
	for i := range d.last {
		d.last[i] = -1
	}
}

// fresh tells whether the event in progress was never run before.
func (d *DPOR) fresh() bool { return d.depth >= d.fixed }

// began notes that a task takes a step that others can see, and the lock that it takes with it.
func (d *DPOR) began(task int, lock *maps.Lock) {
	if d.depth == len(d.events) {
		d.events = append(d.events, event{})
	}
	e := &d.events[d.depth]
	d.depth++
	if d.fresh() {
		*e = event{accesses: e.accesses[:0], held: e.held, clock: e.clock}
	}
	e.task, e.lock, e.previous, e.number = task, lock, d.last[task], 1
	if e.previous >= 0 {
		e.number = d.events[e.previous].number + 1
	}
	d.last[task] = d.depth - 1
	if lock != nil {
		d.holds[task] = append(d.holds[task], section{lock, d.depth - 1})
	}
}

func (d *DPOR) forgets(what maps.Resource) bool { return d.Forget != nil && d.Forget(what) }

// touch notes what the event in progress is about to touch.
func (d *DPOR) touch(a maps.Access) {
	if d.forgets(a.Of) {
		a.Of = maps.Private
	}
	if d.fresh() {
		d.events[d.depth-1].touch(a)
	}
}

// begins notes that the event in progress is the first one of a span.
func (d *DPOR) begins() { d.events[d.depth-1].begins = !d.forgets(Spans) }

// spanned notes that the event in progress is the last one of a span, and the first one, too, where that has no other.
func (d *DPOR) spanned(only bool) {
	if d.depth > 0 && !d.forgets(Spans) {
		e := &d.events[d.depth-1]
		e.ends, e.begins = true, e.begins || only
	}
}

// settle ends the event in progress.
func (d *DPOR) settle() {
	if d.settled == d.depth {
		return
	}
	d.settled = d.depth
	e := &d.events[d.depth-1]
	e.held = append(e.held[:0], d.holds[e.task]...)
	d.holds[e.task] = slices.DeleteFunc(d.holds[e.task], func(s section) bool { return !s.lock.Held() })
	if !d.fresh() {
		return
	}
	for _, s := range e.held {
		d.touch(s.lock.Access())
	}
	if e.touched == 0 {
		d.touch(maps.Access{Of: maps.Anything})
	}
	d.order(d.depth - 1)
}

// reducing is the DPOR that c is, or that it wraps, nil where it is another chooser.
func reducing(c Chooser) *DPOR {
	switch c := c.(type) {
	case *DPOR:
		return c
	case interface{ Unwrap() Schedules }:
		return reducing(c.Unwrap())
	}
	return nil
}
