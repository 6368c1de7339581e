package fakes

import (
	"errors"
	"fmt"

	"github.com/cilium/ebpf"
)

// Flows is a connection table: when each flow was last seen, by its number.
type Flows struct{ Map *ebpf.Map }

// NewFlows makes a table for most flows.
func NewFlows(most uint32) (*Flows, error) {
	m, err := ebpf.NewMap(&ebpf.MapSpec{Name: "flows", Type: ebpf.Hash, KeySize: 4, ValueSize: 8, MaxEntries: most})
	if err != nil {
		return nil, fmt.Errorf("make table of flows: %w", err)
	}
	return &Flows{m}, nil
}

// Close gives the table back.
func (f *Flows) Close() error { return f.Map.Close() }

// Add enters flows that are new, all or none: when one cannot be entered those before it are taken out again.
func (f *Flows) Add(now uint64, flows ...uint32) error {
	for i, flow := range flows {
		if err := f.Map.Update(flow, now, ebpf.UpdateNoExist); err != nil {
			return errors.Join(fmt.Errorf("add flow %d: %w", flow, err), f.remove(flows[:i]))
		}
	}
	return nil
}

// Touch notes that a flow was seen; one that is not in the table stays out of it.
func (f *Flows) Touch(now uint64, flow uint32) (known bool, err error) {
	err = f.Map.Update(flow, now, ebpf.UpdateExist)
	if errors.Is(err, ebpf.ErrKeyNotExist) {
		return false, nil
	}
	return err == nil, err
}

// Take removes a flow and says when it was seen.
func (f *Flows) Take(flow uint32) (seen uint64, err error) {
	err = f.Map.LookupAndDelete(flow, &seen)
	return seen, err
}

// Expire removes what was last seen before a time, and counts it.
func (f *Flows) Expire(before uint64) (n int, err error) {
	var old []uint32
	var flow uint32
	var seen uint64
	walk := f.Map.Iterate()
	for walk.Next(&flow, &seen) {
		if seen < before {
			old = append(old, flow)
		}
	}
	if err := walk.Err(); err != nil {
		return 0, fmt.Errorf("look for old flows: %w", err)
	}
	return len(old), f.remove(old)
}

// remove takes flows out of the table that may be gone already.
func (f *Flows) remove(flows []uint32) error {
	for _, flow := range flows {
		if err := f.Map.Delete(flow); err != nil && !errors.Is(err, ebpf.ErrKeyNotExist) {
			return fmt.Errorf("remove flow %d: %w", flow, err)
		}
	}
	return nil
}
