package live

import (
	"math/rand/v2"
	"sync/atomic"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/explore"
	"github.com/bpfsim/bpfsim/model"
)

// mutators is the number of threads that change the map. The walker runs on the first CPU, they run on the first and on the
// second, if there is one.
const mutators = 2

// maxChanges ends a thread's work on one walk: judges take time that grows with the square of what happened.
const maxChanges = 100

// Stress walks a map that two threads change, so many times, and judges each walk.
func Stress(m Machine, c Case, walks int) (Result, error) {
	s := newStress(m, c)
	err := s.run(walks)
	return s.result, err
}

func newStress(m Machine, c Case) *stress {
	return &stress{machine: m, result: Result{Case: c, Broken: map[string]int{}, Example: map[string]string{}}}
}

// stress is a case at work.
type stress struct {
	machine Machine
	clock   Clock
	number  atomic.Uint64
	result  Result

	walker   *Mutator // its writes are those before the walk
	stepper  *explore.Stepper
	mutators []*mutatorThread
	// spoil makes the walk a broken one, in tests of the judge.
	spoil func(model.WalkCall) model.WalkCall
}

func (s *stress) run(walks int) error {
	c := s.result.Case
	cpus := s.machine.CPUs()
	return s.machine.OnThread(cpus[0], func(system explore.System) error {
		fd, err := newMap(system, c.Shape)
		if err != nil {
			return err
		}
		s.walker = s.mutator(system, fd, 0)
		s.stepper = explore.NewStepper(system, fd, c.Shape, c.Walk)
		defer s.stopMutators()
		for i := range mutators {
			if err := s.startMutator(cpus[i%len(cpus)], fd, i+1); err != nil {
				return err
			}
		}
		for range walks {
			s.judge(s.walk())
		}
		return nil
	})
}

func (s *stress) mutator(system explore.System, fd int32, seed int) *Mutator {
	shape := s.result.Case.Shape
	return &Mutator{
		FD: fd, Shape: shape, Random: rand.New(rand.NewPCG(1, uint64(seed))),
		caller: newCaller(system, fd, shape), clock: &s.clock, number: &s.number,
	}
}

// walk is one walk from a fresh start.
func (s *stress) walk() model.History {
	shape := s.result.Case.Shape
	s.prepare()
	h := model.History{Writes: s.walker.writes, Operations: s.walker.told, Bound: shape.Bound(), Walk: model.Walk{Removes: s.result.Case.removes()}}
	round := newRound(len(s.mutators))
	for _, mutator := range s.mutators {
		mutator.rounds <- round
	}
	round.await()
	s.read(&h)
	round.stop.Store(true)
	round.ended.Wait()
	for _, mutator := range s.mutators {
		s.result.Writes += len(mutator.writes)
		h.Writes = append(h.Writes, mutator.writes...)
		h.Operations = append(h.Operations, mutator.told...)
	}
	h.Left = s.stepper.Content()
	return h
}

// prepare gives the map the keys of a beginning, whatever the last walk left, as if it had been empty before.
func (s *stress) prepare() {
	s.walker.writes, s.walker.told = nil, nil
	kind := s.result.Case.Shape.Type
	for i, key := range keysOf(kind) {
		if kind == abi.Array || i < startKeys {
			s.walker.Update(key)
		} else {
			s.walker.caller.delete(keyOf(key))
		}
	}
}

func (s *stress) read(h *model.History) {
	s.stepper.Begin()
	for !h.Walk.Ended && len(h.Walk.Calls) <= h.Bound+1 {
		start := s.clock.Now()
		call, ended := s.stepper.Step()
		if s.spoil != nil {
			call = s.spoil(call)
		}
		call.Start, call.End = start, s.clock.Now()
		h.Walk.Calls = append(h.Walk.Calls, call)
		h.Walk.Ended = ended
	}
}

func (s *stress) judge(h model.History) {
	s.result.Walks++
	for _, call := range h.Walk.Calls {
		s.result.Records += len(call.Records)
	}
	for _, contract := range model.Contracts() {
		if breach := contract.Check(h).Breach; breach != "" {
			s.result.Broken[contract.Name]++
			s.result.Example[contract.Name] = breach
		}
	}
}
