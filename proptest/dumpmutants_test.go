package proptest

import (
	"bytes"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
)

// dumpMutants are bugs in what no Linux has, which the model alone must find, and in what happens inside a dump.
var dumpMutants = map[string]mutant{
	"a bucket dump splits a bucket": {call: func(k *Sim, cpu int, c Call, during func(int)) Outcome {
		if k.dumpsBuckets(c) && k.attrOf(c).get(abi.JulyPrevKey, 8) == 0 {
			k.setFlags(c, 0)
			defer k.setFlags(c, abi.DumpBucket)
		}
		return k.Bpf(cpu, c, during)
	}},
	"a bucket dump goes on by the key, not by its hash": {call: dumpByKey},
	"a bucket that does not fit is the end":             {call: instead(when(abi.MapDumpJuly, abi.ENOSPC), abi.ENOENT)},
	"dump-and-delete deletes before a copy that faults": {call: func(k *Sim, cpu int, c Call, during func(int)) Outcome {
		o := k.Bpf(cpu, c, during)
		if b := k.dumped(c); c.Cmd == abi.MapDumpAndDelete && o.Errno == abi.EFAULT && b != nil && b.NextBucket(0) < b.Buckets() {
			keys, _ := contents(&maps.Task{CPU: cpu}, b, b.NextBucket(0))
			b.(maps.Deleter).Delete(&maps.Task{CPU: cpu}, keys[0])
		}
		return o
	}},
	"dump-and-delete of a frozen map": {call: func(k *Sim, cpu int, c Call, during func(int)) Outcome {
		if m := k.mapOf(c, abi.JulyMapFD); c.Cmd == abi.MapDumpAndDelete && m != nil && m.Frozen() {
			c.Cmd = abi.MapDumpJuly
		}
		return k.Bpf(cpu, c, during)
	}},
	"dump-and-delete goes on behind prev_key": {call: func(k *Sim, cpu int, c Call, during func(int)) Outcome {
		if prev := k.attrOf(c).get(abi.JulyPrevKey, 8); c.Cmd == abi.MapDumpAndDelete && prev != 0 && !k.arena.readable(prev, 4) {
			return Outcome{Errno: abi.EFAULT}
		}
		return k.Bpf(cpu, c, during)
	}},
	"dump-and-delete of an array is EINVAL": {call: instead(when(abi.MapDumpAndDelete, abi.ENOTSUPP), abi.EINVAL)},
	"dump-and-delete deletes nothing": {call: func(k *Sim, cpu int, c Call, during func(int)) Outcome {
		if c.Cmd == abi.MapDumpAndDelete && k.dumped(c) != nil && k.attrOf(c).get(abi.JulyPrevKey, 8) == 0 {
			c.Cmd = abi.MapDumpJuly
		}
		return k.Bpf(cpu, c, during)
	}},
}

func TestDumpMutants(t *testing.T) {
	for name, m := range dumpMutants {
		t.Run(name, func(t *testing.T) {
			m.Sim = NewSim()
			requireFound(t, 2, m)
		})
	}
}

// The loop's one buffer, judged by the model alone.
func TestDumpMutantInside(t *testing.T) {
	text, err := os.ReadFile("testdata/vanish.txt")
	require.NoError(t, err)
	p, err := Parse(string(text))
	require.NoError(t, err)
	m, err := Compare(p, NewSim())
	require.NoError(t, err)
	require.Nil(t, m)
	m, err = Compare(p, mutant{Sim: NewSim(), call: dumpWithoutAliasing})
	require.NoError(t, err)
	require.NotNil(t, m)
}

// dumped are the elements of the hash type that a dump in July's layout is about, nil for other types.
func (k *Sim) dumped(c Call) maps.Buckets {
	m := k.mapOf(c, abi.JulyMapFD)
	if m == nil {
		return nil
	}
	b, _ := m.Elements().(maps.Buckets)
	return b
}

// dumpsBuckets reports whether c is a plain bucket dump of a hash type.
func (k *Sim) dumpsBuckets(c Call) bool {
	return c.Cmd == abi.MapDumpJuly && k.attrOf(c).get(abi.JulyFlags, 8) == abi.DumpBucket && k.dumped(c) != nil
}

func (k *Sim) setFlags(c Call, flags uint64) {
	if b := k.arena.span(c.Attr+abi.JulyFlags, 8, toPoke); len(b) == 8 {
		putWord(b, flags)
	}
}

// dumpByKey starts a bucket dump over when its key is not in the map.
func dumpByKey(k *Sim, cpu int, c Call, during func(int)) Outcome {
	prev := k.attrOf(c).get(abi.JulyPrevKey, 8)
	if !k.dumpsBuckets(c) || prev == 0 {
		return k.Bpf(cpu, c, during)
	}
	m := k.dumped(c).(maps.Map)
	key, value := make([]byte, m.Spec().KeySize), make([]byte, m.ValueBytes())
	k.arena.Read(key, prev)
	if field := k.arena.span(c.Attr+abi.JulyPrevKey, 8, toPoke); m.(maps.Lookuper).Lookup(&maps.Task{}, key, value) == abi.ENOENT {
		putWord(field, 0)
		defer putWord(field, prev)
	}
	return k.Bpf(cpu, c, during)
}

// dumpWithoutAliasing keeps the last key that was copied as the cursor when a value is gone.
func dumpWithoutAliasing(k *Sim, cpu int, c Call, during func(int)) Outcome {
	b, a := k.elementsOf(c), k.attrOf(c)
	if c.Cmd != abi.MapDump || during == nil || b == nil || a.get(abi.DumpPrevKey, 8) != 0 {
		return k.Bpf(cpu, c, during)
	}
	m, task := b.(maps.Map), &maps.Task{CPU: cpu}
	key, value := make([]byte, m.Spec().KeySize), make([]byte, m.ValueBytes())
	room := word(k.arena.span(a.get(abi.DumpBufLen, 8), 4, toRead))
	var cursor []byte
	filled, calls := uint64(0), 0
	for size := uint64(len(key) + len(value)); filled+size <= room; calls += 2 {
		during(calls)
		if m.(maps.NextKeyer).NextKey(task, cursor, key) != abi.OK {
			break
		}
		during(calls + 1)
		if m.(maps.Lookuper).Lookup(task, key, value) != abi.OK {
			continue
		}
		k.arena.Write(a.get(abi.DumpBuf, 8)+filled, append(bytes.Clone(key), value...))
		cursor = bytes.Clone(key)
		filled += size
	}
	putWord(k.arena.span(a.get(abi.DumpBufLen, 8), 4, toWrite), filled)
	return Outcome{}
}
