package conform_test

import (
	"slices"

	"github.com/bpfsim/bpfsim/conform"
)

// toy is a mock as projects write it: hashes as a list in the order of insertion, an LRU that evicts the oldest. It is right but for the order
// of BPF_F_ZERO_SEED and the exact victims, until faults are put in.
type toy struct{ fault string }

func (f toy) Create(s conform.Spec) (conform.Map, error) {
	switch {
	case s.Type != "HASH" && s.Type != "LRU_HASH":
		return nil, conform.ErrUnsupported
	case s.Flags&^(1<<6) != 0:
		return nil, conform.ErrUnsupported
	case s.KeySize == 0 || s.ValueSize == 0 || s.MaxEntries == 0:
		return nil, conform.EINVAL
	case s.KeySize+s.ValueSize >= 4<<20-48 || s.MaxEntries > 1<<27:
		return nil, conform.E2BIG
	}
	return &toyMap{fault: f.fault, lru: s.Type == "LRU_HASH" && f.fault != "plain LRU", size: s.MaxEntries}, nil
}

type toyElement struct{ key, value string }

type toyMap struct {
	fault    string
	lru      bool
	size     int
	frozen   bool
	elements []toyElement
}

func (m *toyMap) find(key []byte) int {
	return slices.IndexFunc(m.elements, func(e toyElement) bool { return e.key == string(key) })
}

func (m *toyMap) Lookup(key []byte) ([]byte, error) {
	if at := m.find(key); at >= 0 {
		return []byte(m.elements[at].value), nil
	}
	return nil, conform.ENOENT
}

func (m *toyMap) Update(key, value []byte, flags uint64) error {
	at := m.find(key)
	exist := at < 0
	if m.fault == "inverted EXIST" {
		exist = !exist
	}
	switch {
	case m.frozen:
		return conform.EPERM
	case flags > 2:
		return conform.EINVAL
	case flags == 1 && at >= 0:
		return conform.EEXIST
	case flags == 2 && exist:
		return conform.ENOENT
	case at >= 0:
		m.elements[at].value = string(value)
		return nil
	case len(m.elements) == m.size && m.lru:
		m.elements = m.elements[1:]
	case len(m.elements) == m.size && m.fault != "never full":
		return conform.E2BIG
	}
	m.elements = append(m.elements, toyElement{string(key), string(value)})
	return nil
}

func (m *toyMap) Delete(key []byte) error {
	at := m.find(key)
	switch {
	case m.frozen:
		return conform.EPERM
	case at < 0:
		return conform.ENOENT
	}
	m.elements = slices.Delete(slices.Clone(m.elements), at, at+1)
	return nil
}

func (m *toyMap) NextKey(key []byte) ([]byte, error) {
	at := m.find(key)
	if at < 0 && key != nil && m.fault == "end at a gap" {
		return nil, conform.ENOENT
	}
	if at+1 >= len(m.elements) {
		return nil, conform.ENOENT
	}
	return []byte(m.elements[at+1].key), nil
}

func (m *toyMap) Freeze() error {
	if m.frozen {
		return conform.EPERM
	}
	m.frozen = m.fault != "no FREEZE"
	return nil
}

// LookupBatch gives keys in ascending order; its cursor is the last one, which need not be there any more.
func (m *toyMap) LookupBatch(cursor []byte, count int) (keys, values [][]byte, next []byte, err error) {
	if count == 0 {
		return nil, nil, nil, nil
	}
	sorted := slices.SortedFunc(slices.Values(m.elements), func(a, b toyElement) int { return slices.Compare([]byte(a.key), []byte(b.key)) })
	if m.fault == "restarts" && m.find(cursor) < 0 {
		cursor = nil
	}
	if m.fault == "skips" && cursor != nil {
		cursor = append([]byte(nil), cursor...)
		cursor[0]++ // as if the next key had been given
	}
	for _, e := range sorted {
		if string(e.key) > string(cursor) || cursor == nil {
			if len(keys) == count {
				return keys, values, keys[count-1], nil
			}
			keys, values = append(keys, []byte(e.key)), append(values, []byte(e.value))
		}
	}
	return keys, values, nil, conform.ENOENT
}
