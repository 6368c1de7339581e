package bench

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/bpfsim/bpfsim/proptest/kernel"
)

// Options say what to measure.
type Options struct {
	// Kernel measures the real bpf(2) too, which takes root.
	Kernel bool
	// Quick measures few shapes, for a short time.
	Quick bool
	// Large measures maps of a million elements and more, which take gigabytes, of the kernel's memory too.
	Large bool
	// Groups are the names of the groups to measure; none means all.
	Groups []string
	// Key and Value are the sizes of the elements to measure, in bytes, where a group measures several; 0 means all.
	Key, Value int
	// Progress is called before each group.
	Progress func(group string)
}

// entries is the number of elements in a map unless the line says otherwise.
const entries = 100_000

// userBytes is the user memory of the real kernel's rival.
const userBytes = 192 << 20

// group is a part of the table.
type group struct {
	name    string
	measure func(*session)
}

// groups are all parts of the table, in its order.
func groups() []group {
	return []group{
		{"elements", elementRows},
		{"types", typeRows},
		{"dump", dumpRows},
		{"gain", gainRows},
		{"remove", removeRows},
		{"sparse", sparseRows},
		{"memory", memoryRows},
		{"allocations", allocationRows},
		{"cores", coresRows},
		{"scale", scaleRows},
		{"machine", machineRows},
		{"programs", programRows},
		{"run", runRows},
	}
}

// session is a run of the table.
type session struct {
	Options
	linux *kernel.Raw // nil without Options.Kernel
	group string
	mu    sync.Mutex // of rows
	rows  []Row
	turns int
	turn  time.Duration
}

// Run measures until ctx is done; the report then has what was measured so far, and the measurement in progress goes on
// behind the caller's back, who is to end the process. The error is ctx's then, or says why the kernel cannot be
// measured, or which group does not exist.
func Run(ctx context.Context, o Options) (*Report, error) {
	chosen, err := o.chosen()
	if err != nil {
		return nil, err
	}
	s := &session{Options: o, turns: 11, turn: 20 * time.Millisecond}
	if o.Quick {
		s.turns, s.turn = 5, 10*time.Millisecond
	}
	if len(s.shapes()) == 0 {
		return nil, fmt.Errorf("no elements with keys of %d and values of %d bytes are measured (0 means all): keys may have %v, values %v",
			o.Key, o.Value, s.keys(), s.values())
	}
	if o.Kernel {
		if err := kernel.Available(); err != nil {
			return nil, fmt.Errorf("measure the kernel (needs root): %w", err)
		}
		if s.linux, err = kernel.OpenRaw(userBytes); err != nil {
			return nil, fmt.Errorf("measure the kernel: %w", err)
		}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.measure(chosen)
	}()
	select {
	case <-done:
		return s.report(), nil
	case <-ctx.Done():
		return s.report(), ctx.Err()
	}
}

func (s *session) measure(chosen []group) {
	if s.linux != nil {
		defer s.linux.Close()
	}
	for _, g := range chosen {
		s.group = g.name
		if s.Progress != nil {
			s.Progress(g.name)
		}
		g.measure(s)
	}
}

// report is what has been measured so far.
func (s *session) report() *Report {
	s.mu.Lock()
	defer s.mu.Unlock()
	return &Report{Machine: thisMachine(), Rows: slices.Clone(s.rows)}
}

// chosen are the groups to measure.
func (o Options) chosen() ([]group, error) {
	if len(o.Groups) == 0 {
		return groups(), nil
	}
	var chosen []group
	for _, name := range o.Groups {
		all := groups()
		i := slices.IndexFunc(all, func(g group) bool { return g.name == name })
		if i < 0 {
			return nil, fmt.Errorf("there is no group %q: want some of %s", name, strings.Join(groupNames(), ", "))
		}
		chosen = append(chosen, all[i])
	}
	return chosen, nil
}

func groupNames() []string {
	var names []string
	for _, g := range groups() {
		names = append(names, g.name)
	}
	return names
}

// needsKernel is why a line is skipped.
const needsKernel = "needs --kernel"

// add puts a line into the table.
func (s *session) add(r Row) {
	r.Group = s.group
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rows = append(s.rows, r)
}

// race lets the runners take turns.
func (s *session) race(runners ...runner) times { return race(s.turns, s.turn, runners...) }

// keys and values are the sizes in bytes that there are.
func (s *session) keys() []int {
	if s.Quick {
		return []int{4, 64}
	}
	return []int{4, 8, 16, 64}
}

func (s *session) values() []int {
	if s.Quick {
		return []int{8}
	}
	return []int{8, 64, 256}
}

// shapes are the sizes of elements that are measured: small ones, medium ones and large ones unless sizes were asked for.
func (s *session) shapes() []shape {
	if s.Key == 0 && s.Value == 0 && !s.Quick {
		return []shape{{entries, 4, 8}, {entries, 16, 64}, {entries, 64, 256}}
	}
	var all []shape
	for _, k := range s.keys() {
		for _, v := range s.values() {
			if (s.Key == 0 || s.Key == k) && (s.Value == 0 || s.Value == v) {
				all = append(all, shape{entries, k, v})
			}
		}
	}
	return all
}

// goal is what a line must reach: times the rival, or so many times the limit.
type goal struct{ floor, ceiling float64 }

// The goals: of elements and of many at once against the limit, of small ones against Linux, and of removals.
const (
	elementFloor = 15
	elementLimit = 2
	dumpFloor    = 150
	manyLimit    = 1.7
	takeFloor    = 10
)

// smallMost is the size of a small element, in bytes: with a line of cache or more, memory alone takes longer than goals
// against Linux allow.
const smallMost = 63

// goalFor is the goal for an element of that size.
func (s shape) goalFor(floor, ceiling float64) goal {
	if s.record() <= smallMost {
		return goal{floor: floor}
	}
	return goal{ceiling: ceiling}
}

// versus is a line about runner i of a race against a rival and beside a limit, runners too; limit is none where there is
// none. A rival that is Linux may not have been measured: the line says so where its goal needs it.
func (s *session) versus(t times, i, rival, limit int, g goal, line Row) {
	line.Unit, line.Ours, line.Floor, line.Ceiling = "ns", t.ns(i), g.floor, g.ceiling
	if rival < len(t) {
		line.Theirs, line.Ratio = t.ns(rival), t.lead(i, rival)
	} else if g.floor > 0 {
		line.Ours, line.Skipped = 0, needsKernel
	}
	if limit != none {
		line.Limit, line.Limits = t.ns(limit), t.lead(limit, i)
	}
	s.add(line)
}

const none = -1
