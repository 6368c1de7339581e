//go:build steps

package maps_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/bpfsim/bpfsim/maps"
	"github.com/bpfsim/bpfsim/sim"
)

// ward is what a stripe guards: nobody may be in it beside a writer.
type ward struct{ readers, writers int }

func (w *ward) look() error {
	if w.writers > 1 || w.writers == 1 && w.readers > 0 {
		return fmt.Errorf("%d writers and %d readers inside", w.writers, w.readers)
	}
	return nil
}

// stay is inside for a step and looks before and behind it.
func (w *ward) stay(count *int) (err error) {
	*count++
	err = w.look()
	maps.Inside()
	err = errors.Join(err, w.look())
	*count--
	return err
}

// guarded is a scenario of one stripe and two CPUs.
type guarded struct {
	*schedule
	guard *maps.Guard
	ward  ward
}

func (g *guarded) reader(name string, cpu, times int) {
	g.add(name, func() (err error) {
		for range times {
			g.guard.Read(on(cpu), 0, func() { err = errors.Join(err, g.ward.stay(&g.ward.readers)) })
		}
		return err
	})
}

func (g *guarded) writer(name string) {
	g.add(name, func() (err error) {
		g.guard.Write(0, func() { err = g.ward.stay(&g.ward.writers) })
		return err
	})
}

// all locks every stripe: a sweep that removes, or settles elements, keeps readers out, one that copies does not.
func (g *guarded) all(name string, keepOut bool) {
	g.add(name, func() (err error) {
		count := &g.ward.readers
		if keepOut {
			count = &g.ward.writers
		}
		g.guard.All(on(1), keepOut, func() { err = g.ward.stay(count) })
		return err
	})
}

// Readers announce themselves where no other CPU writes, writers close the stripe and wait for them, and many readers in a row
// open it again: in no order of these steps is anybody inside beside a writer, waits for ever, or stays announced.
func TestExploreGuard(t *testing.T) {
	for _, c := range []struct {
		name        string
		preemptions int
		begin       func(g *guarded)
	}{
		{"a reader and a writer", sim.Unbounded, func(g *guarded) {
			g.reader("r", 0, 1)
			g.writer("w")
		}},
		{"a reader and who locks all", sim.Unbounded, func(g *guarded) {
			g.reader("r", 1, 1)
			g.all("settle", true)
		}},
		{"two readers of a CPU and a writer", 4, func(g *guarded) {
			g.reader("r1", 0, 1)
			g.reader("r2", 0, 1)
			g.writer("w")
		}},
		{"readers that open the stripe, and a writer", 3, func(g *guarded) {
			g.writer("first")
			g.reader("r1", 0, 2)
			g.reader("r2", 1, 2)
			g.writer("w")
		}},
		{"two readers, a writer and a settler", 4, func(g *guarded) {
			g.reader("r1", 0, 1)
			g.reader("r2", 1, 1)
			g.writer("w")
			g.all("settle", true)
		}},
		{"two readers, a writer and a sweep that copies", 4, func(g *guarded) {
			g.reader("r1", 0, 1)
			g.reader("r2", 1, 1)
			g.writer("w")
			g.all("copy", false)
		}},
	} {
		explore(t, c.name, c.preemptions, func(s *schedule) func() error {
			g := &guarded{schedule: s, guard: maps.NewGuard(1, 2)}
			c.begin(g)
			return func() error {
				if g.guard.Announced() {
					return errors.New("a reader stays announced")
				}
				return nil
			}
		})
	}
}
