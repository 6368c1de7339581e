package main

import (
	"errors"
	"fmt"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"
)

// Collector drains a map of Flow to Traffic. Every count that reaches the map is returned by exactly one Drain: a flow
// is read and deleted in one step, so nothing written between the two is lost.
type Collector struct {
	Map *ebpf.Map
	// Batch is the first batch size to try; 0 reads key by key.
	Batch int
}

// Drain takes all flows out of the map. Flows that appear while it runs may be left for the next call.
func (c *Collector) Drain() (map[Flow]Traffic, error) {
	flows := make(map[Flow]Traffic)
	if c.Batch > 0 {
		err := c.drainBatches(flows)
		if !errors.Is(err, ebpf.ErrNotSupported) {
			return flows, err
		}
		c.Batch = 0 // Kernels before 5.6 have no batches: never ask again.
	}
	return flows, c.drainKeys(flows)
}

func (c *Collector) drainBatches(flows map[Flow]Traffic) error {
	var cursor ebpf.MapBatchCursor
	keys, values := make([]Flow, c.Batch), make([]Traffic, c.Batch)
	for {
		n, err := c.Map.BatchLookupAndDelete(&cursor, keys, values, nil)
		if errors.Is(err, unix.ENOSPC) && len(keys) < int(c.Map.MaxEntries()) {
			// A bucket holds more flows than the batch has room for. The cursor still stands before it.
			keys, values = make([]Flow, 2*len(keys)), make([]Traffic, 2*len(values))
			continue
		}
		for i := range n {
			add(flows, keys[i], values[i])
		}
		if errors.Is(err, ebpf.ErrKeyNotExist) {
			return nil // The end of the map, with or without flows in this batch.
		}
		if err != nil {
			return fmt.Errorf("drain map in batches: %w", err)
		}
	}
}

// drainKeys lists the keys before it deletes any: deleting the key a walk stands on would start the walk again.
func (c *Collector) drainKeys(flows map[Flow]Traffic) error {
	keys, err := c.keys()
	if err != nil {
		return err
	}
	for _, key := range keys {
		var traffic Traffic
		err := c.Map.LookupAndDelete(key, &traffic)
		if errors.Is(err, ebpf.ErrKeyNotExist) {
			continue // Evicted or deleted by somebody else meanwhile.
		}
		if err != nil {
			return fmt.Errorf("drain flow %s: %w", key, err)
		}
		add(flows, key, traffic)
	}
	return nil
}

// keys walks the map. A walk that others disturb may meet a key again or miss one; a key missed is read next time.
func (c *Collector) keys() ([]Flow, error) {
	seen := make(map[Flow]bool)
	var keys []Flow
	var cursor any
	for range c.Map.MaxEntries() {
		var next Flow
		err := c.Map.NextKey(cursor, &next)
		if errors.Is(err, ebpf.ErrKeyNotExist) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("list flows: %w", err)
		}
		if !seen[next] {
			seen[next] = true
			keys = append(keys, next)
		}
		cursor = next
	}
	return keys, nil
}

func add(flows map[Flow]Traffic, key Flow, t Traffic) {
	sum := flows[key]
	sum.Packets += t.Packets
	sum.Bytes += t.Bytes
	flows[key] = sum
}
