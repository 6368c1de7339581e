package explore

import (
	"bytes"
	"fmt"
	"slices"

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
		s.Map.Value = 8 * cpus * min(s.Map.Value/8, maxValue/8/cpus)
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

// together are the values that key may have had with another part for a CPU, written during [start, now]. A Stage, which does not
// say what it evicted, is asked for what is there: nothing overlaps on it.
func (r *Run) together(key uint32, cpu int, part []byte, start int64) (values [][]byte) {
	if now, there := r.valueNow(key); r.elements == nil && there {
		return [][]byte{now}
	}
	for _, other := range r.othersParts(key, start) {
		copy(other[cpu*len(part):], part)
		if !slices.ContainsFunc(values, func(v []byte) bool { return bytes.Equal(v, other) }) {
			values = append(values, other)
		}
	}
	return values
}

// othersParts are the values that key had at start or since, zeros for none.
func (r *Run) othersParts(key uint32, start int64) [][]byte {
	text, last := string(r.Scenario.Map.keyOf(key)), make([]byte, r.Scenario.Map.Value)
	var since [][]byte
	for _, w := range r.History.Writes {
		value := make([]byte, r.Scenario.Map.Value)
		switch {
		case w.Key != text:
			continue
		case !w.Removed: // else a new element begins with zeros
			copy(value, w.Value)
		}
		if w.End < start {
			last = value
		} else {
			since = append(since, value)
		}
	}
	return append(since, last)
}

// mixed notes what key has now as written, too, where it is none of the values that were: of writes that overlap, some parts of the one
// and some of the other are there, which no walk has invented.
func (r *Run) mixed(key uint32, values [][]byte, start, end int64) {
	if !r.Scenario.Map.IsPerCPU() || !r.Scenario.NeedsProgram() {
		return
	}
	now, there := r.valueNow(key)
	if there && !slices.ContainsFunc(values, func(v []byte) bool { return bytes.Equal(v, now) }) {
		r.wrote(key, now, start, end)
	}
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
