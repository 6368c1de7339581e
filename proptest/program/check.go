package program

import (
	"errors"
	"fmt"
	"slices"
)

// Check reports what no kernel could run, whose CPUs are the given ones.
func (p Program) Check(cpus []int) error {
	for i, s := range p.Steps {
		if err := s.check(cpus); err != nil {
			return fmt.Errorf("step %d: %w", i, err)
		}
	}
	return nil
}

func (s Step) check(cpus []int) error {
	if !slices.Contains(cpus, s.CPU) {
		return fmt.Errorf("CPU %d is not one of %v", s.CPU, cpus)
	}
	if e, ok := s.Action.(Event); ok {
		return checkPaths(e)
	}
	c := s.Action.(*Call)
	if len(c.During) > 0 && !loops(c.Cmd) {
		return errors.New("only dumps have steps inside")
	}
	for _, n := range c.During {
		if inner, ok := n.Step.Action.(*Call); ok && len(inner.During) > 0 {
			return errors.New("steps inside a dump have no steps inside")
		}
		if err := n.Step.check(cpus); err != nil {
			return err
		}
	}
	return nil
}
