package live

import (
	"sync"
	"sync/atomic"

	"github.com/bpfsim/bpfsim/explore"
)

// shift is the hands' work on one walk, which starts when the first of them has begun and stops when the walk has ended.
type shift struct {
	begun atomic.Bool
	first chan struct{} // closed when begun
	stop  atomic.Bool
	ended sync.WaitGroup
}

func newShift(hands int) *shift {
	s := &shift{first: make(chan struct{})}
	s.ended.Add(hands)
	return s
}

// spins is how often a walker looks for a hand at work before it sleeps: to be woken takes longer than a walk.
const spins = 20_000

func (s *shift) await() {
	for range spins {
		if s.begun.Load() {
			return
		}
	}
	<-s.first
}

// handAtWork is a hand with a thread of its own.
type handAtWork struct {
	*Hand
	shifts chan *shift
	gone   chan struct{}
}

// employ starts a hand on a CPU.
func (s *stress) employ(cpu int, fd int32, seed int) error {
	hand := &handAtWork{shifts: make(chan *shift), gone: make(chan struct{})}
	ready := make(chan error, 1)
	go func() {
		defer close(hand.gone)
		err := s.machine.OnThread(cpu, func(system explore.System) error {
			hand.Hand = s.hand(system, fd, seed)
			step, err := s.result.Case.Mix.Open(hand.Hand)
			ready <- err
			for shift := range hand.shifts {
				hand.work(shift, step)
			}
			for _, end := range hand.ends {
				end()
			}
			return nil
		})
		ready <- err // unread, unless there was no thread
	}()
	s.hands = append(s.hands, hand)
	return <-ready
}

// work changes the map until the walk has ended.
func (h *handAtWork) work(s *shift, step func()) {
	defer s.ended.Done()
	h.writes = nil
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

// dismiss ends the hands' threads.
func (s *stress) dismiss() {
	for _, hand := range s.hands {
		close(hand.shifts)
		<-hand.gone
	}
}
