package explore

import (
	"fmt"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
)

// IsArray reports whether all keys are there from the beginning.
func (m Shape) IsArray() bool { return m.Type == abi.Array || m.Type == abi.PerCPUArray }

// IsPerCPU reports whether a value has a part for each CPU. Shape.Value is the size of all of them: walks and contracts
// see a value as a whole.
func (m Shape) IsPerCPU() bool {
	return m.Type == abi.PerCPUHash || m.Type == abi.PerCPUArray || m.Type == abi.LRUPerCPUHash
}

// evicts reports whether the map makes room for new keys.
func (m Shape) evicts() bool { return m.Type == abi.LRUHash || m.Type == abi.LRUPerCPUHash }

// ByCPU reports whether what the map does depends on the number of CPUs.
func (m Shape) ByCPU() bool { return m.evicts() || m.IsPerCPU() }

// FitCPUs gives a value of a per-CPU map a part for each of the scenario's CPUs: of as many words as the value has, or as fit.
func (s *Scenario) FitCPUs() {
	if cpus := s.CPUs(); s.Map.IsPerCPU() {
		s.Map.Value = 8 * cpus * min((s.Map.Value+7)/8, maxValue/8/cpus)
	}
}

// checkPerCPU reports what per-CPU values cannot be, or be asked of.
func (s Scenario) checkPerCPU() error {
	if !s.Map.IsPerCPU() {
		return nil
	}
	if cpus := s.CPUs(); s.Map.Value%(8*cpus) != 0 {
		return fmt.Errorf("value=%d: a value of type %s has all of the %d CPUs' parts: want a multiple of %d bytes",
			s.Map.Value, typeWord(s.Map.Type), cpus, 8*cpus)
	}
	return nil
}

// valueNow is the value that key has now, for somebody who takes no steps and waits for nobody.
func (r *Run) valueNow(key uint32) (value []byte, there bool) {
	if r.elements == nil {
		return r.setup.lookup(key)
	}
	value = make([]byte, r.Scenario.Map.Value)
	task := &maps.Task{Scheduler: still{}}
	return value, r.elements.(maps.Lookuper).Lookup(task, r.Scenario.Map.keyOf(key), value) == abi.OK
}
