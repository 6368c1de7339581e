package traps

import (
	"errors"
	"fmt"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"
)

// Take removes a counter and returns what it counted. A program that counts meanwhile counts from zero.
func (t Table) Take(key uint32) (count uint64, err error) {
	err = t.LookupAndDelete(key, &count)
	return count, err
}

// Expire removes keys whose value is still as old as it was when they were chosen. Whoever refreshes a key between this
// look at it and its deletion loses it nevertheless; only a deletion with a condition, which Linux does not have, would close that gap. But an entry
// that is taken, seen to be new, and put back is only missing for a moment.
func (t Table) Expire(keys []uint32, before uint64) error {
	for _, key := range keys {
		value, err := t.Take(key)
		if errors.Is(err, ebpf.ErrKeyNotExist) {
			continue
		}
		if err == nil && value >= before {
			err = t.restore(key, value)
		}
		if err != nil {
			return fmt.Errorf("expire key %d: %w", key, err)
		}
	}
	return nil
}

// restore puts an entry back, unless a program has made a new one.
func (t Table) restore(key uint32, value uint64) error {
	err := t.Update(key, value, ebpf.UpdateNoExist)
	if errors.Is(err, ebpf.ErrKeyExist) {
		return nil
	}
	return err
}

// ErrFull says that a table has no room. The library calls it a key that is too big.
var ErrFull = errors.New("table is full")

// Insert adds a key. The bucket's lock may be taken at the moment (EBUSY): it tries again a few times.
func (t Table) Insert(key uint32, value uint64) error {
	var err error
	for range 8 {
		if err = t.Update(key, value, ebpf.UpdateNoExist); !errors.Is(err, unix.EBUSY) {
			break
		}
	}
	if errors.Is(err, unix.E2BIG) {
		return ErrFull
	}
	return err
}
