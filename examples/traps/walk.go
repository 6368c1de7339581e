package traps

import (
	"errors"
	"fmt"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"
)

// Table is a hash of 4-byte keys and 8-byte values.
type Table struct{ *ebpf.Map }

// All copies a table in batches. The cursor of a batch is a bucket, which nobody can delete, so the walk neither starts anew nor returns a key
// twice. Batches begin with so many elements and grow as long as a bucket does not fit; none is larger than the table.
func (t Table) All(room int) (map[uint32]uint64, error) {
	all := make(map[uint32]uint64)
	var cursor ebpf.MapBatchCursor
	for {
		keys, values := make([]uint32, room), make([]uint64, room)
		n, err := t.BatchLookup(&cursor, keys, values, nil)
		if errors.Is(err, unix.ENOSPC) && room < int(t.MaxEntries()) {
			room = min(2*room, int(t.MaxEntries()))
			continue
		}
		if err != nil && !errors.Is(err, ebpf.ErrKeyNotExist) {
			return nil, fmt.Errorf("read table: %w", err)
		}
		for i := range n { // also beside an error: it only says that this was the last batch
			all[keys[i]] = values[i]
		}
		if err != nil {
			return all, nil
		}
	}
}

// Walk shows f each key once, as long as others leave the table alone. f may delete the key.
func (t Table) Walk(f func(key uint32) error) error {
	var key, next uint32
	err := t.NextKey(nil, &key) // a pointer to a zero key would mean: behind key 0
	for err == nil {
		last := t.NextKey(key, &next) // before f deletes the key that leads to it
		if err := f(key); err != nil {
			return err
		}
		key, err = next, last
	}
	if errors.Is(err, ebpf.ErrKeyNotExist) {
		return nil
	}
	return fmt.Errorf("walk table: %w", err)
}

// Clear deletes what was in the table when it began; what programs add meanwhile may stay.
func (t Table) Clear() (int, error) {
	all, err := t.All(64)
	if err != nil {
		return 0, err
	}
	keys := make([]uint32, 0, len(all))
	for key := range all {
		keys = append(keys, key)
	}
	return t.DeleteAll(keys)
}

// DeleteAll deletes keys, some of which may be gone already, and counts those that it deleted.
func (t Table) DeleteAll(keys []uint32) (total int, err error) {
	for len(keys) > 0 {
		n, err := t.BatchDelete(keys, nil)
		total += n
		switch {
		case err == nil:
			return total, nil
		case !errors.Is(err, ebpf.ErrKeyNotExist):
			return total, fmt.Errorf("delete from table: %w", err)
		}
		keys = keys[n+1:] // the batch ended at a key that is not there
	}
	return total, nil
}
