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
	x := newRun(c, r)
	defer x.end()
	branches := p.branches(x)
	if p.keep(x.judge, branches) {
		return ""
	}
	return x.why()
}

// keep moves each state on by move and keeps those that it says are legal, and others. When there are none there is
// nothing to go on from.
func (p *Possible) keep(move func(*State) (legal bool), others []*State) (some bool) {
	left := p.states[:0]
	for _, s := range p.states {
		if move(s) {
			left = append(left, s)
		}
	}
	if others != nil {
		left = append(left, others...)
	}
	if len(left) > 0 {
		p.states = left
	}
	return len(left) > 0
}

// EnterDump, StepDump and LeaveDump move on as those of State do.
func (p *Possible) EnterDump(c Call) (why string) {
	return p.move(func(s *State) string { return s.enterDump(c) })
}

// StepDump moves on to the next call of a dump's loop.
func (p *Possible) StepDump(before Memory, r Result) (why string) {
	return p.move(func(s *State) string { return s.stepDump(before, r) })
}

// LeaveDump moves on to the end of a dump.
func (p *Possible) LeaveDump(before Memory, r Result) (why string) {
	return p.move(func(s *State) string { return s.leaveDump(before, r) })
}

// move is keep for a move that says itself why a state is none any more.
func (p *Possible) move(move func(*State) (why string)) (why string) {
	some := p.keep(func(s *State) bool {
		reason := move(s)
		if reason != "" {
			why = reason
		}
		return reason == ""
	}, nil)
	if some {
		return ""
	}
	return why
}

// branches are those branches of the states for which the call's result is legal. They share maps with the states, which
// for that reason own none any more where there are any.
func (p *Possible) branches(x *run) (legal []*State) {
	for i, s := range p.states {
		before := len(legal)
		for _, branch := range x.branches(s) {
			if x.judge(branch) {
				legal = append(legal, branch)
			}
		}
		if len(legal) > before {
			p.states[i] = s.fork()
		}
	}
	return legal
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

// Each moves each state on by step. A nil state is none, for the reason why; with no state left
// there is nothing to go on from.
func (p *Possible) Each(step func(*State) (next *State, why string)) (why string) {
	left := p.states[:0]
	for _, s := range p.states {
		next, reason := step(s)
		if next == nil {
			why = reason
			continue
		}
		left = append(left, next)
	}
	if len(left) == 0 {
		return why
	}
	p.states = left
	return ""
}

// Evicted is how many elements LRU maps have lost to others so far.
func (p *Possible) Evicted() int { return p.states[0].evicted }

// Open reports whether fd is open; it is the same in all states, as the type of a map is.
func (p *Possible) Open(fd int32) bool { return p.states[0].Open(fd) }

// MapType is the type of the map behind fd, abi.Unspec where there is none.
func (p *Possible) MapType(fd int32) abi.MapType { return p.states[0].MapType(fd) }
