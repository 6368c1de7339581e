//go:build steps

package maps_test

import (
	"fmt"
	"iter"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/maps"
	"github.com/bpfsim/bpfsim/sim"
)

// goroutine is one whose accesses to what it shares with others are steps.
type goroutine struct {
	task    *sim.Task
	resume  func() (struct{}, bool)
	stop    func()
	blocked func() bool
	ended   bool
}

// schedule runs goroutines one step at a time, in an order that a chooser chooses.
type schedule struct {
	referee    *sim.Referee
	goroutines []*goroutine
	running    *goroutine // whose step it is
	yields     map[*goroutine]func(struct{}) bool
	failure    error
}

// unwinding ends a goroutine whose schedule has failed.
type unwinding struct{}

func newSchedule(c sim.Chooser) *schedule {
	return &schedule{referee: sim.NewReferee(c), yields: map[*goroutine]func(struct{}) bool{}}
}

// add adds a goroutine. A panic of its body, such as an index that others' writes made wrong, fails the schedule.
func (s *schedule) add(name string, body func() error) {
	g := &goroutine{task: s.referee.Join(name)}
	g.resume, g.stop = iter.Pull(func(yield func(struct{}) bool) {
		defer func() {
			if r := recover(); r != nil && r != any(unwinding{}) {
				s.fail("%s: panic: %v", name, r)
			}
		}()
		s.yields[g] = yield
		if err := body(); err != nil {
			s.fail("%s: %v", name, err)
		}
	})
	s.goroutines = append(s.goroutines, g)
}

func (s *schedule) fail(format string, args ...any) {
	if s.failure == nil {
		s.failure = fmt.Errorf(format, args...)
	}
}

// watch is maps.Watch during the schedule.
func (s *schedule) watch(blocked func() bool) {
	g := s.running
	if g == nil { // not one of the schedule's goroutines
		return
	}
	g.blocked = blocked
	if !s.yields[g](struct{}{}) {
		panic(unwinding{})
	}
}

// most is far beyond the steps that a schedule takes.
const most = 2000

// run runs all to their ends.
func (s *schedule) run() error {
	maps.Watch = s.watch
	defer func() { maps.Watch = nil }()
	for _, g := range s.goroutines {
		defer g.stop()
		s.resume(g)
	}
	for range most {
		ready := s.ready()
		switch {
		case s.failure != nil:
			return s.failed(s.failure)
		case len(ready) == 0:
			return s.finish()
		}
		next, err := s.referee.Next(s.running != nil && ready[0] == s.running.task, ready...)
		if err != nil {
			return err
		}
		s.resume(s.goroutines[next.Index()])
	}
	return s.failed(fmt.Errorf("more than %d steps", most))
}

func (s *schedule) resume(g *goroutine) {
	s.running, g.blocked = g, nil
	_, alive := g.resume()
	g.ended = !alive
}

// ready is who can take a step, first who took the last one.
func (s *schedule) ready() (ready []*sim.Task) {
	can := func(g *goroutine) bool { return !g.ended && (g.blocked == nil || !g.blocked()) }
	if s.running != nil && can(s.running) {
		ready = append(ready, s.running.task)
	}
	for _, g := range s.goroutines {
		if g != s.running && can(g) {
			ready = append(ready, g.task)
		}
	}
	return ready
}

func (s *schedule) finish() error {
	s.running = nil
	for _, g := range s.goroutines {
		if !g.ended {
			return s.failed(fmt.Errorf("%s waits for ever", g.task.Name()))
		}
	}
	return nil
}

func (s *schedule) failed(err error) error {
	s.running = nil
	return fmt.Errorf("%w (schedule %s)", err, s.referee.Trace())
}

// scenario gives a schedule its goroutines and returns what must be so when they have ended.
type scenario func(s *schedule) (end func() error)

// explore runs a scenario in every schedule with at most a number of preemptions.
func explore(t *testing.T, name string, preemptions int, scene scenario) {
	t.Run(name, func(t *testing.T) {
		t.Helper()
		dfs := sim.NewDFS(preemptions)
		for dfs.Next() {
			s := newSchedule(dfs)
			end := scene(s)
			require.NoError(t, s.run())
			if err := end(); err != nil {
				require.NoError(t, s.failed(err))
			}
		}
		t.Logf("%d schedules", dfs.Count())
	})
}
