package live

import (
	"sync"
	"sync/atomic"

	"github.com/bpfsim/bpfsim/explore"
)

// round is the mutators' work during one walk: it starts when the first of them has begun and stops when the walk has ended.
type round struct {
	begun atomic.Bool
	first chan struct{} // closed when begun
	stop  atomic.Bool
	ended sync.WaitGroup
}

func newRound(mutators int) *round {
	s := &round{first: make(chan struct{})}
	s.ended.Add(mutators)
	return s
}

// spins is how often a walker looks for a mutator at work before it sleeps: to be woken takes longer than a walk.
const spins = 20_000

func (s *round) await() {
	for range spins {
		if s.begun.Load() {
			return
		}
	}
	<-s.first
}

// mutatorThread is a mutator with a thread of its own.
type mutatorThread struct {
	*Mutator
	rounds chan *round
	gone   chan struct{}
}

// startMutator starts a mutator on a CPU.
func (s *stress) startMutator(cpu int, fd int32, seed int) error {
	mutator := &mutatorThread{rounds: make(chan *round), gone: make(chan struct{})}
	ready := make(chan error, 1)
	go func() {
		defer close(mutator.gone)
		err := s.machine.OnThread(cpu, func(system explore.System) error {
			mutator.Mutator = s.mutator(system, fd, seed)
			step, err := s.result.Case.Mix.Open(mutator.Mutator)
			ready <- err
			for round := range mutator.rounds {
				mutator.work(round, step)
			}
			for _, end := range mutator.ends {
				end()
			}
			return nil
		})
		ready <- err // unread, unless there was no thread
	}()
	s.mutators = append(s.mutators, mutator)
	return <-ready
}

// work changes the map until the walk has ended.
func (m *mutatorThread) work(s *round, step func()) {
	defer s.ended.Done()
	m.writes, m.told = nil, nil
	step()
	if s.begun.CompareAndSwap(false, true) {
		close(s.first)
	}
	for range maxChanges {
		if s.stop.Load() {
			break
		}
		step()
	}
}

// stopMutators ends the mutators' threads.
func (s *stress) stopMutators() {
	for _, mutator := range s.mutators {
		close(mutator.rounds)
		<-mutator.gone
	}
}
