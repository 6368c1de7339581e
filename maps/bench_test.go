package maps_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"sync"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
)

// benchEntries is the number of entries in a benchmark's map; keys have 4 bytes, values 8.
const benchEntries = 100_000

// keyed is what the benchmarks need of a map.
type keyed interface {
	maps.Lookuper
	maps.Updater
	maps.Deleter
}

// rival is what a Go program would write instead: a Go map under a lock that copies keys and values.
type rival struct {
	mu     sync.RWMutex
	values map[string][]byte
}

func (r *rival) Lookup(_ *maps.Task, key, value []byte) abi.Errno {
	r.mu.RLock()
	defer r.mu.RUnlock()
	v, ok := r.values[string(key)]
	if !ok {
		return abi.ENOENT
	}
	copy(value, v)
	return abi.OK
}

func (r *rival) Update(_ *maps.Task, key, value []byte, _ uint64) abi.Errno {
	r.mu.Lock()
	defer r.mu.Unlock()
	if v, ok := r.values[string(key)]; ok {
		copy(v, value)
		return abi.OK
	}
	r.values[string(key)] = append([]byte(nil), value...)
	return abi.OK
}

func (r *rival) Delete(_ *maps.Task, key []byte) abi.Errno {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.values, string(key))
	return abi.OK
}

// contestant is a map to be measured, under its name in the results.
type contestant struct {
	name string
	keyed
}

// contestants are the hash types and their rival, each filled with keys 0 to benchEntries-1.
func contestants(b *testing.B) []contestant {
	spec := maps.Spec{Type: abi.Hash, KeySize: 4, ValueSize: 8, MaxEntries: benchEntries, CPUs: 2, Seed: 1}
	hash := must(b, spec).(keyed)
	spec.Type, spec.MaxEntries = abi.LRUHash, 2*benchEntries
	lru := must(b, spec).(keyed)
	all := []contestant{{"hash", hash}, {"lru", lru}, {"gomap", &rival{values: map[string][]byte{}}}}
	for _, m := range all {
		for i := range uint32(benchEntries) {
			m.Update(&maps.Task{}, key4(i), make([]byte, 8), abi.Any)
		}
	}
	return all
}

func must(tb testing.TB, spec maps.Spec) maps.Map {
	m, errno := maps.New(spec)
	if errno != abi.OK {
		tb.Fatalf("%+v: %v", spec, errno)
	}
	return m
}

func key4(i uint32) []byte { return binary.NativeEndian.AppendUint32(nil, i) }

// compare runs op on each contestant with keys that jump about the first benchEntries numbers.
func compare(b *testing.B, op func(m keyed, t *maps.Task, key, value []byte)) {
	for _, m := range contestants(b) {
		b.Run(m.name, func(b *testing.B) {
			b.ReportAllocs()
			task, key, value := new(maps.Task), make([]byte, 4), make([]byte, 8)
			for i := uint32(0); b.Loop(); i += 7919 {
				binary.NativeEndian.PutUint32(key, i%benchEntries)
				op(m.keyed, task, key, value)
			}
		})
	}
}

func BenchmarkLookupHit(b *testing.B) {
	compare(b, func(m keyed, t *maps.Task, key, value []byte) { m.Lookup(t, key, value) })
}

func BenchmarkLookupMiss(b *testing.B) {
	compare(b, func(m keyed, t *maps.Task, key, value []byte) {
		key[3] = 1
		m.Lookup(t, key, value)
	})
}

func BenchmarkUpdate(b *testing.B) {
	compare(b, func(m keyed, t *maps.Task, key, value []byte) { m.Update(t, key, value, abi.Any) })
}

func BenchmarkDeleteInsert(b *testing.B) {
	compare(b, func(m keyed, t *maps.Task, key, value []byte) {
		m.Delete(t, key)
		m.Update(t, key, value, abi.Any)
	})
}

// BenchmarkNextKey has no rival: a Go map cannot go on from a key.
func BenchmarkNextKey(b *testing.B) {
	for _, m := range contestants(b) {
		walker, ok := m.keyed.(maps.NextKeyer)
		if !ok {
			continue
		}
		b.Run(m.name, func(b *testing.B) {
			b.ReportAllocs()
			task, key := new(maps.Task), make([]byte, 4)
			for b.Loop() {
				if walker.NextKey(task, key, key) != abi.OK {
					walker.NextKey(task, nil, key)
				}
			}
		})
	}
}

func BenchmarkLookupParallel(b *testing.B) {
	for _, m := range contestants(b) {
		b.Run(m.name, func(b *testing.B) {
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				task, key, value := new(maps.Task), make([]byte, 4), make([]byte, 8)
				for i := uint32(0); pb.Next(); i += 7919 {
					binary.NativeEndian.PutUint32(key, i%benchEntries)
					m.Lookup(task, key, value)
				}
			})
		})
	}
}

// lockedSlice is what a Go program would write instead of an ARRAY.
type lockedSlice struct {
	mu     sync.RWMutex
	values []byte
}

func (s *lockedSlice) Lookup(_ *maps.Task, key, value []byte) abi.Errno {
	s.mu.RLock()
	defer s.mu.RUnlock()
	copy(value, s.values[int(binary.NativeEndian.Uint32(key))*len(value):])
	return abi.OK
}

func (s *lockedSlice) Update(_ *maps.Task, key, value []byte, _ uint64) abi.Errno {
	s.mu.Lock()
	defer s.mu.Unlock()
	copy(s.values[int(binary.NativeEndian.Uint32(key))*len(value):], value)
	return abi.OK
}

func BenchmarkArray(b *testing.B) {
	for _, size := range []uint32{8, 256} {
		spec := maps.Spec{Type: abi.Array, KeySize: 4, ValueSize: size, MaxEntries: 10_000, CPUs: 2}
		benchArray(b, fmt.Sprintf("%d/array", size), must(b, spec), spec)
		benchArray(b, fmt.Sprintf("%d/slice", size), &lockedSlice{values: make([]byte, size*spec.MaxEntries)}, spec)
	}
}

func benchArray(b *testing.B, name string, m any, spec maps.Spec) {
	key, value, task := make([]byte, 4), make([]byte, spec.ValueSize), new(maps.Task)
	run := func(name string, op func()) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for i := uint32(0); b.Loop(); i += 7919 {
				binary.NativeEndian.PutUint32(key, i%spec.MaxEntries)
				op()
			}
		})
	}
	run("update"+name, func() { m.(maps.Updater).Update(task, key, value, abi.Any) })
	run("lookup"+name, func() { m.(maps.Lookuper).Lookup(task, key, value) })
}

// BenchmarkSweep reads maps whole; memcpy of as many bytes is beside each.
func BenchmarkSweep(b *testing.B) {
	for _, size := range []uint32{8, 64, 256} {
		spec := maps.Spec{Type: abi.Hash, KeySize: 4, ValueSize: size, MaxEntries: benchEntries, CPUs: 2, Seed: 1}
		m := must(b, spec)
		for i := range uint32(benchEntries) {
			m.(keyed).Update(&maps.Task{}, key4(i), make([]byte, size), abi.Any)
		}
		all := make([]byte, (4+size)*benchEntries)
		b.Run(fmt.Sprintf("%d/hash", size), func(b *testing.B) {
			for b.Loop() {
				s := maps.Sweep{}
				for done := 0; done < benchEntries; done += s.Count {
					s.Keys = all[done*int(4+size):]
					m.(maps.Swept).Sweeper().Sweep(&maps.Task{}, &s)
				}
			}
			b.ReportMetric(float64(b.Elapsed())/float64(b.N)/benchEntries, "ns/element")
		})
		from := bytes.Clone(all)
		b.Run(fmt.Sprintf("%d/memcpy", size), func(b *testing.B) {
			for b.Loop() {
				copy(all, from)
			}
			b.ReportMetric(float64(b.Elapsed())/float64(b.N)/benchEntries, "ns/element")
		})
	}
}

// A full trie of IPv4 addresses, each with its own prefix.
func BenchmarkTrie(b *testing.B) {
	const entries = 10_000
	m := must(b, maps.Spec{
		Type: abi.LPMTrie, KeySize: 8, ValueSize: 8, MaxEntries: entries, Flags: abi.FlagNoPrealloc, CPUs: 2,
	}).(trie)
	key, value, task := make([]byte, 8), make([]byte, 8), on(0)
	put := func(i int) {
		binary.NativeEndian.PutUint32(key, 32)
		binary.BigEndian.PutUint32(key[4:], uint32(i%entries)*2654435769)
	}
	for i := range entries {
		put(i)
		m.Update(task, key, value, abi.Any)
	}
	for name, op := range map[string]func(){
		"lookup": func() { m.Lookup(task, key, value) },
		"update": func() { m.Update(task, key, value, abi.Any) },
		"next":   func() { m.NextKey(task, key, value) },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i += 7919 {
				put(i)
				op()
			}
		})
	}
}
