package maps

import (
	"encoding/binary"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/abi"
)

// count is the number of nodes in a list, walked both ways.
func (c *chain) count(t *testing.T, end slot) int {
	n, back := 0, 0
	for s := c.at(end).next; s != end; s = c.at(s).next {
		n++
	}
	for s := c.at(end).prev; s != end; s = c.at(s).prev {
		back++
	}
	require.Equal(t, n, back)
	return n
}

// countNodes is the free nodes and the used ones of a lists, checked against its counters.
func (l *lists) countNodes(t *testing.T) (free, used int) {
	for kind := range l.ends {
		require.Equal(t, l.held[kind], l.count(t, l.ends[kind]))
	}
	return l.held[kindFree] + int(l.virgin), l.held[kindInactive] + l.held[kindActive]
}

// countAllNodes is the same for a map.
func countAllNodes(t *testing.T, m *lru) (free, used int) {
	if private, ok := m.lists.(perCPULists); ok {
		for cpu := range private {
			f, u := private[cpu].countNodes(t)
			free, used = free+f, used+u
		}
		return free, used
	}
	common := m.lists.(*commonLists)
	free, used = common.shared.countNodes(t)
	for cpu := range common.local {
		free += common.shared.count(t, common.local[cpu].free)
		used += common.shared.count(t, common.local[cpu].pending)
	}
	return free, used
}

// After any turmoil, every node is in one list, and those in use are the elements of the table.
func TestLRUKeepsItsNodes(t *testing.T) {
	for _, spec := range []Spec{
		{MaxEntries: 1, CPUs: 4}, {MaxEntries: 7, CPUs: 4}, {MaxEntries: 300, CPUs: 4},
		{MaxEntries: 300, CPUs: 4, Flags: abi.FlagNoCommonLRU}, {MaxEntries: 2, CPUs: 1},
	} {
		spec.Type, spec.KeySize, spec.ValueSize = abi.LRUHash, 4, 1
		m := newLRU(spec)
		var group sync.WaitGroup
		for cpu := range spec.CPUs {
			group.Go(func() { churn(m, cpu) })
		}
		group.Wait()
		free, used := countAllNodes(t, m)
		require.Equal(t, int(spec.MaxEntries), free+used, "%+v", spec)
		require.Equal(t, elements(m), used, "%+v", spec)
	}
}

// churn updates, uses and deletes random keys.
func churn(m *lru, cpu int) {
	random := rand.New(rand.NewPCG(2, uint64(cpu)))
	task, key, value := &Task{CPU: cpu}, make([]byte, 4), []byte{0}
	for range 3000 {
		binary.NativeEndian.PutUint32(key, random.Uint32N(2*m.spec.MaxEntries+1))
		switch random.IntN(4) {
		case 0:
			m.Delete(task, key)
		case 1:
			m.LookupLive(task, key)
		default:
			m.Update(task, key, value, random.Uint64N(3))
		}
	}
}

// elements is the number of elements in the table.
func elements(m *lru) int {
	n := 0
	for b := m.NextBucket(bystander, 0); b < m.Buckets(); b = m.NextBucket(bystander, b+1) {
		n += m.ReadBucket(&Task{}, b, nil, nil, false)
	}
	return n
}

// One look for elements to evict ends behind so many nodes, the used ones among them counted, which become active
// (__bpf_lru_list_shrink_inactive in bpf_lru_list.c, with nr_scans of 4).
func TestShrinkCountsUsedNodes(t *testing.T) {
	for used, want := range map[int]int{0: 4, 1: 3, 2: 2, 4: 0} {
		a := new(arena)
		a.init(Spec{KeySize: 4, ValueSize: 1}, listEnds, 10)
		a.nodes = newSlab[node](1, listEnds+10, nodeChunk)
		var l lists
		l.init(chain{a, func(*Task, slot) bool { return true }}, 0, 0, perCPUScans)
		for range 10 {
			l.in(bystander, a.fresh(), kindInactive)
		}
		for i, s := 0, l.at(l.ends[kindInactive]).prev; i < used; i, s = i+1, l.at(s).prev {
			l.at(s).ref.Store(true)
		}
		got := l.shrinkInactive(&Task{}, perCPUWant, func(slot) {})
		require.Equal(t, want, got, "%d used", used)
		require.Equal(t, used, l.held[kindActive])
		require.Equal(t, 10-4, l.held[kindInactive])
	}
}
