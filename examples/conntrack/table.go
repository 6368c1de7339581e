package conntrack

import (
	"errors"
	"fmt"
	"time"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"
)

// Table is a table of connections in one hash. Programs refresh an entry with each packet of its connection, and make one where there is none.
type Table struct {
	Map  *ebpf.Map
	Idle time.Duration // how long a connection may be without a packet
	Now  Clock
}

// NewTable makes a table for most connections, the map "conntrack".
func NewTable(most uint32, idle time.Duration, now Clock) (*Table, error) {
	m, err := ebpf.NewMap(tableSpec("conntrack", most))
	if err != nil {
		return nil, fmt.Errorf("make table of connections: %w", err)
	}
	return &Table{m, idle, now}, nil
}

// Close gives the table back.
func (t *Table) Close() error { return t.Map.Close() }

// Sweep deletes what is idle, batch by batch: it reads a batch, chooses, and deletes what it chose. A packet that comes in between refreshes an
// entry that is deleted nevertheless (cilium/cilium#46298, cilium/cilium#46750).
func (t *Table) Sweep() error {
	return t.idle(func(flows []Flow) error {
		for len(flows) > 0 {
			n, err := t.Map.BatchDelete(flows, nil)
			if err == nil {
				return nil
			}
			if !errors.Is(err, ebpf.ErrKeyNotExist) {
				return fmt.Errorf("delete idle connections: %w", err)
			}
			flows = flows[n+1:] // the batch ended at one that had gone
		}
		return nil
	})
}

// TakeIdle takes out what is idle, one by one, looks once more, and puts back what was refreshed meanwhile. No entry is lost in the end, if there
// is room for what is put back; but a packet that comes while its entry is out finds none.
func (t *Table) TakeIdle() error {
	return t.idle(func(flows []Flow) error {
		for _, f := range flows {
			if err := t.take(f); err != nil {
				return fmt.Errorf("take out %v: %w", f, err)
			}
		}
		return nil
	})
}

func (t *Table) take(f Flow) error {
	var e Entry
	err := t.Map.LookupAndDelete(f, &e)
	if errors.Is(err, ebpf.ErrKeyNotExist) {
		return nil
	}
	if err != nil || t.isIdle(e) {
		return err
	}
	err = t.Map.Update(f, e, ebpf.UpdateNoExist)
	if errors.Is(err, ebpf.ErrKeyExist) { // a program has made a new one
		return nil
	}
	return err
}

// idle walks the table in batches and shows f the idle ones of each.
func (t *Table) idle(f func([]Flow) error) error {
	var cursor ebpf.MapBatchCursor
	for room := 64; ; {
		flows, entries := make([]Flow, room), make([]Entry, room)
		n, err := t.Map.BatchLookup(&cursor, flows, entries, nil)
		if errors.Is(err, unix.ENOSPC) && room < int(t.Map.MaxEntries()) { // a bucket is larger than the batch
			room = min(2*room, int(t.Map.MaxEntries()))
			continue
		}
		if err != nil && !errors.Is(err, ebpf.ErrKeyNotExist) {
			return fmt.Errorf("read connections: %w", err)
		}
		if err := f(t.choose(flows[:n], entries)); err != nil {
			return err
		}
		if err != nil { // that was the last batch
			return nil
		}
	}
}

func (t *Table) choose(flows []Flow, entries []Entry) (idle []Flow) {
	for i, f := range flows {
		if t.isIdle(entries[i]) {
			idle = append(idle, f)
		}
	}
	return idle
}

func (t *Table) isIdle(e Entry) bool { return t.Now()-time.Duration(e.LastSeen) > t.Idle }
