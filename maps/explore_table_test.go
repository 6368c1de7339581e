//go:build steps

package maps_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
	"github.com/bpfsim/bpfsim/sim"
)

// packed is a scenario on a hash map as it ships: elements in pages, in one of the three layouts, real locks, sweeps.
type packed struct {
	*schedule
	store
}

// old and new are the values of a key before, and by a writer.
func (p *packed) old(key uint32) []byte { return bytes.Repeat([]byte{'a' + byte(key)}, p.ValueBytes()) }
func (p *packed) new(key uint32) []byte { return bytes.Repeat([]byte{'A' + byte(key)}, p.ValueBytes()) }

// Keys of a map of 4 buckets: two of one, a third of it that is not there at first, and some of other pages.
const (
	first  = 2
	second = 5
	third  = 6
	far    = 3
	other  = 4 // of a third page
)

func newPacked(t *testing.T, s *schedule, spec maps.Spec) *packed {
	p := &packed{schedule: s, store: must(t, spec).(store)}
	for _, key := range []uint32{first, second, far} {
		require.Equal(t, abi.OK, p.Update(on(0), key4(key), p.old(key), abi.Any))
	}
	for _, key := range []uint32{first, first, far, far} { // readers come in without a lock again
		require.Equal(t, abi.OK, p.Lookup(on(0), key4(key), make([]byte, p.ValueBytes())))
	}
	return p
}

// lookUp expects one of the values, or also that the key is gone.
func (p *packed) lookUp(name string, cpu int, key uint32, mayGo bool) {
	p.add(name, func() error {
		value := make([]byte, p.ValueBytes())
		errno := p.Lookup(on(cpu), key4(key), value)
		if errno == abi.ENOENT && mayGo {
			return nil
		}
		return p.check(key, errno, value)
	})
}

func (p *packed) check(key uint32, errno abi.Errno, value []byte) error {
	if errno != abi.OK || !bytes.Equal(value, p.old(key)) && !bytes.Equal(value, p.new(key)) {
		return fmt.Errorf("key %d: %v, value %q", key, errno, value)
	}
	return nil
}

// settle asks for a value's memory, so that elements move no more.
func (p *packed) settle(name string, cpu int, key uint32) {
	p.add(name, func() error {
		live, ok := p.LookupLive(on(cpu), key4(key))
		if !ok {
			return fmt.Errorf("%d is not there", key)
		}
		value := make([]byte, p.ValueBytes())
		if err := p.check(key, p.Lookup(on(cpu), key4(key), value), value); err != nil {
			return err
		}
		for word := range p.ValueBytes() / 8 {
			binary.LittleEndian.PutUint64(value[8*word:], live.Load(on(cpu), word))
		}
		return p.check(key, abi.OK, value)
	})
}

func (p *packed) update(name string, key uint32) {
	p.add(name, func() error {
		if errno := p.Update(on(1), key4(key), p.new(key), abi.Any); errno != abi.OK {
			return fmt.Errorf("%v", errno)
		}
		return nil
	})
}

// sweep copies, or takes, all that there is, in one step on all pages or page by page.
func (p *packed) sweep(name string, room int, remove bool, seen *[]uint32) {
	p.add(name, func() error {
		s := &maps.Sweep{Keys: make([]byte, 4*room), Values: make([]byte, p.ValueBytes()*room), Remove: remove}
		for !s.End {
			p.store.(maps.Swept).Sweeper().Sweep(on(0), s)
			for i := range s.Count {
				key := binary.NativeEndian.Uint32(s.Keys[4*i:])
				*seen = append(*seen, key)
				if err := p.check(key, abi.OK, s.Values[i*p.ValueBytes():][:p.ValueBytes()]); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// has expects these keys and no others, once each.
func (p *packed) has(t *testing.T, seen []uint32, want ...uint32) error {
	all := append(walk(t, p), seen...)
	slices.Sort(all)
	if !slices.Equal(all, want) {
		return fmt.Errorf("keys %v in the map or taken", all)
	}
	for _, key := range walk(t, p) {
		value := make([]byte, p.ValueBytes())
		if err := p.check(key, p.Lookup(on(0), key4(key), value), value); err != nil {
			return err
		}
	}
	return nil
}

// layouts are specs of maps in each layout: elements in pages, the same with tags, and only their keys.
func layouts() []maps.Spec {
	var all []maps.Spec
	for _, size := range []uint32{8, 40, 160} {
		spec := small(abi.Hash, 4, abi.FlagZeroSeed)
		spec.ValueSize = size
		all = append(all, spec)
	}
	return all
}

// What ships keeps the promises of a hash map in every order of its steps.
func TestExploreTable(t *testing.T) {
	for _, spec := range layouts() {
		name := func(text string) string { return fmt.Sprintf("%d bytes/%s", spec.ValueSize, text) }
		explore(t, name("two settle beside a lookup"), 2, func(s *schedule) func() error {
			p := newPacked(t, s, spec)
			p.settle("a", 0, first)
			p.settle("b", 1, far)
			p.lookUp("r", 0, first, false)
			return func() error { return p.has(t, nil, first, far, second) }
		})
		explore(t, name("one settles beside an insert and a lookup"), 2, func(s *schedule) func() error {
			p := newPacked(t, s, spec)
			p.settle("a", 0, first)
			p.update("w", third)
			p.lookUp("r", 1, second, false)
			return func() error { return p.has(t, nil, first, far, second, third) }
		})
		explore(t, name("an update beside lookups"), 3, func(s *schedule) func() error {
			p := newPacked(t, s, spec)
			p.update("w", first)
			p.lookUp("r", 0, first, false)
			p.lookUp("q", 1, second, false)
			return func() error { return p.has(t, nil, first, far, second) }
		})
		for _, room := range []int{4, 64} {
			explore(t, name(fmt.Sprintf("a sweep of %d that removes, beside a lookup and an insert", room)), 3, func(s *schedule) func() error {
				p := newPacked(t, s, spec)
				var taken []uint32
				p.sweep("s", room, true, &taken)
				p.lookUp("r", 1, first, true)
				p.update("w", third)
				return func() error { return p.has(t, taken, first, far, second, third) }
			})
			explore(t, name(fmt.Sprintf("memory that a sweep of %d gives back, and a lookup", room)), 2, func(s *schedule) func() error {
				p := newPacked(t, s, spec)
				var taken []uint32
				p.sweep("s", room, true, &taken)
				p.lookUp("r", 1, far, true) // whose memory is the first to be used again
				p.update("w", other)
				return func() error { return p.has(t, taken, first, far, other, second) }
			})
			explore(t, name(fmt.Sprintf("a sweep of %d that copies, beside a lookup and an insert", room)), 3, func(s *schedule) func() error {
				p := newPacked(t, s, spec)
				var copied []uint32
				p.sweep("s", room, false, &copied)
				p.lookUp("r", 1, first, false)
				p.update("w", third)
				return func() error { return p.has(t, nil, first, far, second, third) }
			})
		}
	}
}

// The last place goes to one of two that insert into different buckets.
func TestExploreLastPlace(t *testing.T) {
	explore(t, "last", sim.Unbounded, func(s *schedule) func() error {
		m := must(t, small(abi.Hash, 3, abi.FlagZeroSeed)).(store)
		for _, key := range []uint32{first, second} {
			require.Equal(t, abi.OK, m.Update(on(0), key4(key), make([]byte, 8), abi.Any))
		}
		got := insertBoth(s, m)
		return func() error {
			if slices.Sort(*got); !slices.Equal(*got, []abi.Errno{abi.OK, abi.E2BIG}) || len(walk(t, m)) != 3 {
				return fmt.Errorf("inserts gave %v, %d elements", *got, len(walk(t, m)))
			}
			return nil
		}
	})
}

// Two that insert first get memory for no more elements than there may be.
func TestExploreGrant(t *testing.T) {
	explore(t, "first", 4, func(s *schedule) func() error {
		spec := small(abi.Hash, 2, abi.FlagZeroSeed|abi.FlagNoPrealloc)
		spec.Account = maps.NewBudget(1 << 30).Open()
		m := must(t, spec).(store)
		got := insertBoth(s, m)
		return func() error {
			third := m.Update(on(0), key4(first), make([]byte, 8), abi.Any)
			if !slices.Equal(*got, []abi.Errno{abi.OK, abi.OK}) || third != abi.E2BIG {
				return fmt.Errorf("inserts gave %v, and then %v", *got, third)
			}
			return nil
		}
	})
}

// insertBoth inserts two keys of different buckets on two CPUs.
func insertBoth(s *schedule, m store) *[]abi.Errno {
	got := new([]abi.Errno)
	for i, key := range []uint32{third, far} {
		s.add(fmt.Sprintf("w%d", i), func() error {
			*got = append(*got, m.Update(on(i), key4(key), make([]byte, 8), abi.Any))
			return nil
		})
	}
	return got
}
