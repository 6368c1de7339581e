package conntrack

import (
	"errors"
	"fmt"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"
)

// tables is how many generations there are: the current one, the last one, and one that is empty or being emptied.
const tables = 3

// Generations is a table of connections in which no entry is ever chosen and deleted. Programs write to the table of the current generation (the
// map "ct_current" has its number) and look there first, then in the last one, from which they copy what they find. Each turn
// empties the table before the last one and makes it the current one. So a connection without a packet goes after one to two turns, and one with a packet in
// each turn never does, as long as no program takes longer than a turn.
type Generations struct {
	Tables  [tables]*ebpf.Map // the maps "ct_0", "ct_1" and "ct_2"
	Current *ebpf.Map
	number  uint32
}

// NewGenerations makes tables for most connections each.
func NewGenerations(most uint32) (g *Generations, err error) {
	g = &Generations{}
	g.Current, err = ebpf.NewMap(&ebpf.MapSpec{Name: "ct_current", Type: ebpf.Array, KeySize: 4, ValueSize: 4, MaxEntries: 1})
	for i := 0; err == nil && i < tables; i++ {
		g.Tables[i], err = ebpf.NewMap(tableSpec(fmt.Sprintf("ct_%d", i), most))
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("make tables of connections: %w", err), g.Close())
	}
	return g, nil
}

// Close gives the tables back.
func (g *Generations) Close() error {
	errs := []error{g.Current.Close()}
	for _, t := range g.Tables {
		errs = append(errs, t.Close()) // of a nil map does nothing
	}
	return errors.Join(errs...)
}

// Turn begins a new generation.
func (g *Generations) Turn() error {
	next := (g.number + 1) % tables
	if err := empty(g.Tables[next]); err != nil {
		return fmt.Errorf("empty table %d: %w", next, err)
	}
	if err := g.Current.Put(uint32(0), next); err != nil {
		return fmt.Errorf("begin generation %d: %w", next, err)
	}
	g.number = next
	return nil
}

// empty deletes all entries of a table.
func empty(m *ebpf.Map) error {
	var cursor ebpf.MapBatchCursor
	for room := 64; ; {
		flows, entries := make([]Flow, room), make([]Entry, room)
		_, err := m.BatchLookupAndDelete(&cursor, flows, entries, nil)
		switch {
		case errors.Is(err, unix.ENOSPC) && room < int(m.MaxEntries()):
			room = min(2*room, int(m.MaxEntries()))
		case errors.Is(err, ebpf.ErrKeyNotExist):
			return nil
		case err != nil:
			return err
		}
	}
}
