package explore

import "github.com/bpfsim/bpfsim/model"

// Stepper walks through any System call by call, for those who keep the time themselves: package live.
type Stepper struct {
	walker *walker
	room   int
}

// NewStepper prepares walks by way of the map behind fd, whose calls have room for so many records. The way must read
// maps of the shape's type.
func NewStepper(system System, fd int32, shape Shape, walk Walk) *Stepper {
	return &Stepper{newWalker(system, fd, Scenario{Map: shape, Walk: walk}), walk.Room}
}

// Begin goes back to before the first element.
func (s *Stepper) Begin() { s.walker.started, s.walker.room = false, s.room }

// Step makes the next call, or the two calls that read one key. Start and End are the caller's to fill in.
func (s *Stepper) Step() (call model.WalkCall, ended bool) { return s.walker.step() }

// Content is what the map holds, read key by key while nobody changes it.
func (s *Stepper) Content() map[string]string { return s.walker.content() }

// Bound is the number of records and of calls that a walk may take whatever others do (model.History).
func (m Shape) Bound() int { return Scenario{Map: m}.bound() }
