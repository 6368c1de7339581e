package bench

import (
	"fmt"
	"sync"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
)

// elements is a map that is used without a system call.
type elements interface {
	Lookup(t *maps.Task, key, value []byte) abi.Errno
	Update(t *maps.Task, key, value []byte, flags uint64) abi.Errno
	Delete(t *maps.Task, key []byte) abi.Errno
	NextKey(t *maps.Task, key, next []byte) abi.Errno
}

// mock is what programs' tests use today: a Go map under a lock that copies keys and values.
type mock struct {
	mu     sync.RWMutex
	values map[string][]byte
}

// Lookup copies a value.
func (m *mock) Lookup(_ *maps.Task, key, value []byte) abi.Errno {
	m.mu.RLock()
	defer m.mu.RUnlock()
	v, ok := m.values[string(key)]
	if !ok {
		return abi.ENOENT
	}
	copy(value, v)
	return abi.OK
}

// Update sets a value.
func (m *mock) Update(_ *maps.Task, key, value []byte, _ uint64) abi.Errno {
	m.mu.Lock()
	defer m.mu.Unlock()
	if v, ok := m.values[string(key)]; ok {
		copy(v, value)
		return abi.OK
	}
	m.values[string(key)] = append([]byte(nil), value...)
	return abi.OK
}

// Delete removes a key.
func (m *mock) Delete(_ *maps.Task, key []byte) abi.Errno {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.values[string(key)]; !ok {
		return abi.ENOENT
	}
	delete(m.values, string(key))
	return abi.OK
}

// NextKey is what a Go map cannot do.
func (m *mock) NextKey(*maps.Task, []byte, []byte) abi.Errno { return abi.ENOTSUPP }

// inner is a hashMap without a kernel around it.
type inner struct {
	elements
	shape
	task            *maps.Task
	key, val, after []byte
	order           permutation
}

func newInner(m elements, s shape) *inner {
	in := &inner{elements: m, shape: s, task: new(maps.Task), order: newPermutation(s.entries, 0)}
	in.key, in.val, in.after = ownLines(s.key), ownLines(s.value), ownLines(s.key)
	for i := range s.entries {
		s.putKey(in.key, i)
		must(m.Update(in.task, in.key, in.val, abi.NoExist), abi.OK)
	}
	return in
}

// newHash is bpfsim's map.
func newHash(s shape) elements {
	m, errno := maps.New(maps.Spec{
		Type: abi.Hash, KeySize: uint32(s.key), ValueSize: uint32(s.value), MaxEntries: uint32(s.entries), CPUs: 2, Seed: 1,
	})
	must(errno, abi.OK)
	return m.(elements)
}

func newMock() elements { return &mock{values: map[string][]byte{}} }

// ownLines is n bytes that share no cache line with anything else, so that threads do not wait for each other's keys.
func ownLines(n int) []byte {
	const line = 64
	return make([]byte, (n+line-1)/line*line)[:n:n]
}

// beside is another thread that uses the same map.
func (m *inner) beside(cpu int) *inner {
	other := *m
	other.task = &maps.Task{CPU: cpu}
	other.key, other.val, other.after = ownLines(m.shape.key), ownLines(m.shape.value), ownLines(m.shape.key)
	other.order = newPermutation(m.entries, cpu*m.entries/2)
	return &other
}

func must(got, want abi.Errno) {
	if got != want {
		panic(fmt.Sprintf("bench: %v instead of %v", got, want))
	}
}

func (m *inner) far(base int) { m.putKey(m.key, m.order.next()+base) }

func (m *inner) hit(n int) {
	for range n {
		m.far(0)
		must(m.Lookup(m.task, m.key, m.val), abi.OK)
	}
}

func (m *inner) miss(n int) {
	for range n {
		m.far(m.entries)
		must(m.Lookup(m.task, m.key, m.val), abi.ENOENT)
	}
}

func (m *inner) set(n int) {
	for range n {
		m.far(0)
		must(m.Update(m.task, m.key, m.val, abi.Any), abi.OK)
	}
}

// mixed is nine lookups to one update.
func (m *inner) mixed(n int) {
	for i := range n {
		if i%10 == 0 {
			m.set(1)
		} else {
			m.hit(1)
		}
	}
}

func (m *inner) swap(n int) {
	for range n {
		m.far(0)
		must(m.Delete(m.task, m.key), abi.OK)
		must(m.Update(m.task, m.key, m.val, abi.NoExist), abi.OK)
	}
}

func (m *inner) walk(n int) {
	for range n {
		if m.NextKey(m.task, m.after, m.after) != abi.OK {
			m.putKey(m.after, -1)
		}
	}
}
