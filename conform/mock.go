package conform

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/semantics"
)

// mock is a Go type as an implementation.
type mock struct {
	fresh   func() Maps
	maps    Maps
	open    map[string]Map
	nextKey []byte // as the call before left it
	cursor  []byte
}

// mockCPUs is the number of possible CPUs that a Go type is told of.
const mockCPUs = 2

func (m *mock) Name() string { return fmt.Sprintf("%T", m.fresh()) }

func (m *mock) CPUs() int { return mockCPUs }

func (m *mock) Start(root bool) error {
	if !root {
		return fmt.Errorf("callers without capabilities: %w", ErrUnsupported)
	}
	m.maps, m.open, m.nextKey, m.cursor = m.fresh(), map[string]Map{}, nil, nil
	return nil
}

// Do makes a call. What an implementation answers that is no errno, and a panic of its own, are errors.
func (m *mock) Do(c *semantics.Call) (r semantics.Result, err error) {
	if c.Raw {
		return r, fmt.Errorf("what only bytes can say: %w", ErrUnsupported)
	}
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("it panicked: %v", v)
		}
	}()
	r.Fields = map[string][]byte{} // and nothing is written where there is no memory
	var answer error
	if c.Step.Verb == "create" {
		answer = m.create(c)
	} else {
		answer = m.call(c, r)
	}
	if errors.Is(answer, ErrUnsupported) {
		return r, answer
	}
	errno, known := errnoOf(answer)
	if !known {
		return r, fmt.Errorf("an error that is no errno: %w", answer)
	}
	r.Errno = errno
	if errno == abi.OK {
		return r, nil
	}
	delete(r.Fields, "value")
	delete(r.Fields, "next_key")
	return r, nil
}

// plain are the fields of MAP_CREATE that a Spec has.
var plain = []string{"map_type", "key_size", "value_size", "max_entries", "map_flags"}

func (m *mock) create(c *semantics.Call) error {
	for _, t := range c.Step.Settings {
		if !slices.Contains(plain, t.Field) {
			return fmt.Errorf("%s: %w", t.Field, ErrUnsupported)
		}
	}
	s := c.Shape
	made, err := m.maps.Create(Spec{
		Type: s.Type.String(), KeySize: s.KeySize, ValueSize: s.ValueSize, MaxEntries: int(s.MaxEntries), Flags: uint32(s.Flags), CPUs: s.CPUs,
	})
	if err == nil && made == nil {
		return errors.New("neither a map nor an error")
	}
	m.open[c.Step.Name] = made
	return err
}

// needKey are the calls for which NULL is no key of a map with keys.
var needKey = []string{"lookup", "update", "delete", "take"}

// call makes a call on a map and puts what it gave into r.
func (m *mock) call(c *semantics.Call, r semantics.Result) (err error) {
	on, open := m.open[c.Step.Name]
	if !open {
		return fmt.Errorf("%s: %w", c.Step.Verb, ErrUnsupported)
	}
	if c.Numbers["elem_flags"] != 0 || c.Numbers["flags"] != 0 && c.Step.Verb != "update" {
		return fmt.Errorf("flags of %s: %w", c.Step.Verb, ErrUnsupported)
	}
	give := func(field string, b []byte) {
		if b != nil {
			r.Fields[field] = b
		}
	}
	key := c.Data["key"]
	if key == nil && c.Shape.KeySize > 0 && slices.Contains(needKey, c.Step.Verb) || c.Data["value"] != nil && c.Step.Verb == "lookup" {
		return fmt.Errorf("NULL, and lookups by value: %w", ErrUnsupported)
	}
	var value []byte
	switch c.Step.Verb {
	case "lookup":
		value, err = on.Lookup(key)
		give("value", value)
	case "update":
		return on.Update(key, c.Data["value"], c.Numbers["flags"])
	case "delete":
		return on.Delete(key)
	case "next":
		if c.GoesOn("key") {
			key = m.nextKey
		}
		if value, err = on.NextKey(key); err == nil {
			m.nextKey = slices.Clone(value)
		}
		give("next_key", value)
	default:
		return m.more(on, c, give)
	}
	return err
}

// more makes the calls that not every map has.
func (m *mock) more(on Map, c *semantics.Call, give func(string, []byte)) (err error) {
	missing := fmt.Errorf("%s: %w", c.Step.Verb, ErrUnsupported)
	count := func(n int) { give("count", le32(uint64(n))) }
	keys, values := split(c.Data["keys"], c.Shape.KeySize), split(c.Data["values"], c.Shape.ValueBytes())
	n := 0
	switch c.Step.Verb {
	case "take":
		if t, ok := on.(Taker); ok {
			var value []byte
			value, err = t.LookupAndDelete(c.Data["key"])
			give("value", value)
			return err
		}
	case "freeze":
		if f, ok := on.(Freezer); ok {
			return f.Freeze()
		}
	case "update_batch":
		if b, ok := on.(BatchUpdater); ok && len(keys) == len(values) && len(keys) > 0 {
			n, err = b.UpdateBatch(keys, values)
			count(n)
			return err
		}
	case "delete_batch":
		if b, ok := on.(BatchDeleter); ok && len(keys) > 0 {
			n, err = b.DeleteBatch(keys)
			count(n)
			return err
		}
	case "lookup_batch", "take_batch":
		if read := reader(on, c.Step.Verb); read != nil {
			return m.batch(read, c, give, count)
		}
	}
	return missing
}

// read is a batch that reads.
type read func(cursor []byte, count int) (keys, values [][]byte, next []byte, err error)

// reader is the method for a batch that reads, nil for none.
func reader(on Map, verb string) read {
	if b, ok := on.(BatchReader); ok && verb == "lookup_batch" {
		return b.LookupBatch
	}
	if b, ok := on.(BatchTaker); ok && verb == "take_batch" {
		return b.LookupAndDeleteBatch
	}
	return nil
}

func (m *mock) batch(read read, c *semantics.Call, give func(string, []byte), count func(int)) error {
	cursor := c.Data["in_batch"]
	if c.GoesOn("in_batch") {
		cursor = m.cursor
	}
	keys, values, next, err := read(cursor, int(c.Numbers["count"]))
	count(len(keys))
	if errno, _ := errnoOf(err); errno != abi.OK && errno != abi.ENOENT {
		return err
	}
	if len(keys) != len(values) {
		return fmt.Errorf("%d keys and %d values", len(keys), len(values))
	}
	if next != nil {
		m.cursor = slices.Clone(next)
	}
	give("keys", slices.Concat(keys...))
	give("values", slices.Concat(values...))
	return err
}

// split cuts a list of keys or values.
func split(all []byte, size int) (parts [][]byte) {
	for ; size > 0 && len(all) >= size; all = all[size:] {
		parts = append(parts, all[:size:size])
	}
	return parts
}

func le32(n uint64) []byte { return binary.LittleEndian.AppendUint32(nil, uint32(n)) }
