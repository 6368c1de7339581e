package model

import "github.com/bpfsim/bpfsim/abi"

// Possible is the states that the kernel may be in, for those who only go forward: it is told of call after call, and forgets
// what was before. A single state then need not be copied for each call.
type Possible struct{ states []*State }

// NewPossible begins with one state.
func NewPossible(s *State) *Possible { return &Possible{[]*State{s.fork()}} }

// Clone is the same states for somebody else. Both go on from them on their own.
func (p *Possible) Clone() *Possible {
	c := &Possible{}
	for i, s := range p.states {
		c.states = append(c.states, s.fork())
		p.states[i] = s.fork()
	}
	return c
}

// Next moves on to the states that State.Next gives for all of them. When there are none, why tells what one of them
// expected, and there is nothing to go on from.
func (p *Possible) Next(c Call, r Result) (why string) {
	if len(p.states) == 1 && !branching(c) {
		return p.states[0].judge(c, r)
	}
	var states []*State
	for _, s := range p.states {
		next, reason := s.Next(c, r)
		if len(next) == 0 {
			why = reason
		}
		states = append(states, next...)
	}
	return p.move(states, why)
}

// move goes on to states, if there are any.
func (p *Possible) move(states []*State, why string) string {
	if len(states) == 0 {
		return why
	}
	p.states = states
	return ""
}

// Try is whether a call's result is legal, as Next, but moves nowhere.
func (p *Possible) Try(c Call, r Result) (why string) {
	for _, s := range p.states {
		next, reason := s.Next(c, r)
		if len(next) > 0 {
			return ""
		}
		why = reason
	}
	return why
}

// Each moves each state on by step. A nil state is none, for the reason why; with no state left, nothing has moved.
func (p *Possible) Each(step func(*State) (next *State, why string)) (why string) {
	var states []*State
	for _, s := range p.states {
		next, reason := step(s)
		if next == nil {
			why = reason
			continue
		}
		states = append(states, next)
	}
	return p.move(states, why)
}

// MapType is the type of the map behind fd, abi.Unspec where there is none; it is the same in all states.
func (p *Possible) MapType(fd int32) abi.MapType { return p.states[0].MapType(fd) }
