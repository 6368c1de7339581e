package bpftest

import (
	"fmt"
	"syscall"

	"github.com/bpfsim/bpfsim/abi"
)

// Map is a map as a BPF program sees it: past fds, access modes and freezing. Its methods answer what the program's helpers
// would (bpf-helpers(7)), as a syscall.Errno that errors.Is finds.
//
// Keys and values are byte slices, encoding.BinaryMarshaler and -Unmarshaler, or fixed-size values of package encoding/binary in the host's
// byte order, without padding of their own.
type Map struct {
	k     *Handle
	name  string
	cpu   int
	shape shape
}

// OnCPU is the map as a program on another CPU sees it: its part of per-CPU values, its list of free LRU elements. It begins with CPU 0.
func (m *Map) OnCPU(cpu int) *Map {
	m.k.t.Helper()
	if cpu < 0 || cpu >= m.shape.CPUs {
		m.k.t.Fatalf("bpftest: CPU %d of map %q: there are %d", cpu, m.name, m.shape.CPUs)
	}
	other := *m
	other.cpu = cpu
	return &other
}

// ID is the map's id.
func (m *Map) ID() uint32 { return uint32(m.shape.ID) }

// Lookup copies a key's value to valueOut, a pointer (bpf_map_lookup_elem): ENOENT where there is none. It counts as a use in an LRU map. Of
// a per-CPU value it is the part of one CPU (OnCPU).
func (m *Map) Lookup(key, valueOut any) error {
	value, err := m.help("look up key in", opLookup, key, nil, 0)
	if err != nil {
		return err
	}
	return unmarshal(valueOut, value)
}

// Put is Update with BPF_ANY.
func (m *Map) Put(key, value any) error { return m.Update(key, value, uint64(abi.Any)) }

// Update sets a value (bpf_map_update_elem); flags are abi.Any, abi.NoExist or abi.Exist.
func (m *Map) Update(key, value any, flags uint64) error {
	_, err := m.help("update", opUpdate, key, value, flags)
	return err
}

// Delete removes a key (bpf_map_delete_elem).
func (m *Map) Delete(key any) error {
	_, err := m.help("delete key of", opDelete, key, nil, 0)
	return err
}

// Push adds a value to a queue, a stack or a Bloom filter (bpf_map_push_elem).
func (m *Map) Push(value any, flags uint64) error {
	_, err := m.help("push to", opPush, nil, value, flags)
	return err
}

// Pop takes the next value off a queue or a stack (bpf_map_pop_elem).
func (m *Map) Pop(valueOut any) error {
	value, err := m.help("pop from", opPop, nil, nil, 0)
	if err != nil {
		return err
	}
	return unmarshal(valueOut, value)
}

// Peek copies the next value of a queue or a stack (bpf_map_peek_elem).
func (m *Map) Peek(valueOut any) error {
	value, err := m.help("peek at", opPeek, nil, nil, 0)
	if err != nil {
		return err
	}
	return unmarshal(valueOut, value)
}

// Contains asks a Bloom filter for a value (bpf_map_peek_elem): ENOENT when it is surely not in it.
func (m *Map) Contains(value any) error {
	_, err := m.help("look for value in", opPeek, nil, value, 0)
	return err
}

// help asks for an operation on a key and a value, nil where it has none.
func (m *Map) help(what string, op operation, key, value any, flags uint64) (result []byte, err error) {
	fail := func(err error) error { return fmt.Errorf("%s map %q: %w", what, m.name, err) }
	q := request{Op: op, Flags: flags}
	needKey, needValue := q.needs()
	if key != nil || needKey {
		if q.Key, err = marshal(key, m.shape.KeySize); err != nil {
			return nil, fail(fmt.Errorf("key: %w", err))
		}
	}
	if value != nil || needValue {
		if q.Value, err = marshal(value, m.shape.ValueSize); err != nil {
			return nil, fail(fmt.Errorf("value: %w", err))
		}
	}
	return m.ask(what, q)
}

// ask has a helper called on the map.
func (m *Map) ask(what string, q request) (result []byte, err error) {
	a, err := m.reply(what, q)
	return a.Value, err
}

// reply is ask with all that comes of it.
func (m *Map) reply(what string, q request) (reply, error) {
	q.Map, q.CPU = m.name, m.cpu
	a, err := helped(m.k.link, q)
	if err == nil && a.Errno != abi.OK {
		err = syscall.Errno(a.Errno)
	}
	if a.Errno == abi.ENOTSUPP {
		err = fmt.Errorf("%w: a program cannot do this with a map of type %s", err, m.shape.Type)
	}
	if err != nil {
		return reply{}, fmt.Errorf("%s map %q: %w", what, m.name, err)
	}
	return a, nil
}
