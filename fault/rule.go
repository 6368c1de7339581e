package fault

import (
	"math/rand/v2"
	"path"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/syscall"
)

// Rule says what happens to which calls. Cmd is required, and Errno or Delay (Check).
type Rule struct {
	// Cmd is the command. That of a rule which leaves it out is BPF_MAP_CREATE, whose number is 0.
	Cmd abi.Cmd
	// Name is a pattern (path.Match) of the name of the map, program or link that the call is about; "" is any.
	Name string
	// Nth is the only call of those above to which something happens, counted from 1; 0 means every one.
	Nth uint64
	// Every means each call whose number is a multiple of it; 0 or 1 means every one.
	Every uint64
	// Share is the probability with which something happens to a call, drawn from a random source that Seed starts; 0 means 1.
	Share float64
	Seed  uint64
	// Errno, After and Delay are what happens (bpfsys.Fault).
	Errno abi.Errno
	After uint32
	Delay time.Duration
}

// Active is a rule at work.
type Active struct {
	rule   Rule
	mu     sync.Mutex
	seen   uint64 // calls that Cmd and Name fit
	source *rand.Rand
	hits   atomic.Uint64
	ended  atomic.Bool
}

// Rule is what was added.
func (a *Active) Rule() Rule { return a.rule }

// Hits is the number of calls to which the rule has happened.
func (a *Active) Hits() uint64 { return a.hits.Load() }

// End takes the rule out of its set.
func (a *Active) End() { a.ended.Store(true) }

// fits counts an attempt and says whether the rule happens to it.
func (a *Active) fits(attempt bpfsys.Attempt) bool {
	if a.ended.Load() || attempt.Cmd != a.rule.Cmd || !a.rule.named(attempt.Name) {
		return false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.seen++
	r := &a.rule
	switch {
	case r.Nth != 0 && a.seen != r.Nth:
		return false
	case r.Every > 1 && a.seen%r.Every != 0:
		return false
	case r.Share != 0 && a.source.Float64() >= r.Share:
		return false
	}
	a.hits.Add(1)
	return true
}

// named says whether Name fits. A pattern that is malformed fits only itself; Parse refuses it.
func (r *Rule) named(name string) bool {
	if r.Name == "" || r.Name == name {
		return true
	}
	fits, err := path.Match(r.Name, name)
	return err == nil && fits
}

// Set is the rules of a kernel. Its zero value has none.
type Set struct {
	mu    sync.RWMutex
	rules []*Active
}

// Add puts a rule to work, behind those that are there: of rules that fit the same call the first happens, and all count it.
func (s *Set) Add(r Rule) *Active {
	a := &Active{rule: r, source: rand.New(rand.NewPCG(r.Seed, 0))}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules = append(s.rules, a)
	return a
}

// Fault is what happens to a call, for Options.Fault of a kernel.
func (s *Set) Fault(attempt bpfsys.Attempt) (f bpfsys.Fault) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	found := false
	for _, a := range s.rules {
		if a.fits(attempt) && !found {
			found = true
			f = bpfsys.Fault{Errno: a.rule.Errno, After: a.rule.After, Delay: a.rule.Delay}
		}
	}
	return f
}
