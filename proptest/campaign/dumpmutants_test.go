package campaign

import (
	"bytes"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
	"github.com/bpfsim/bpfsim/proptest/kernel"
	"github.com/bpfsim/bpfsim/proptest/program"
)

// dumpMutants are bugs in what no Linux has, which the model alone must find, and in what happens inside a dump.
var dumpMutants = map[string]mutant{
	"a bucket dump splits a bucket": {call: func(k *kernel.Sim, cpu int, c program.Call, during func(int)) kernel.Outcome {
		if dumpsBuckets(k, c) && attrOf(k, c).Field(abi.JulyPrevKey, 8) == 0 {
			setFlags(k, c, 0)
			defer setFlags(k, c, abi.DumpBucket)
		}
		return k.Bpf(cpu, c, during)
	}},
	"a bucket dump goes on by the key, not by its hash": {call: dumpByKey},
	"a bucket that does not fit is the end":             {call: instead(when(abi.MapDumpJuly, abi.ENOSPC), abi.ENOENT)},
	"dump-and-delete deletes before a copy that faults": {call: func(k *kernel.Sim, cpu int, c program.Call, during func(int)) kernel.Outcome {
		o := k.Bpf(cpu, c, during)
		if b := dumped(k, c); c.Cmd == abi.MapDumpAndDelete && o.Errno == abi.EFAULT && b != nil && b.NextBucket(new(maps.Task), 0) < b.Buckets() {
			keys, _ := contents(&maps.Task{CPU: cpu}, b, b.NextBucket(new(maps.Task), 0))
			b.(maps.Deleter).Delete(&maps.Task{CPU: cpu}, keys[0])
		}
		return o
	}},
	"dump-and-delete of a frozen map": {call: func(k *kernel.Sim, cpu int, c program.Call, during func(int)) kernel.Outcome {
		if m := mapOf(k, c, abi.JulyMapFD); c.Cmd == abi.MapDumpAndDelete && m != nil && m.Frozen() {
			c.Cmd = abi.MapDumpJuly
		}
		return k.Bpf(cpu, c, during)
	}},
	"dump-and-delete goes on behind prev_key": {call: func(k *kernel.Sim, cpu int, c program.Call, during func(int)) kernel.Outcome {
		if prev := attrOf(k, c).Field(abi.JulyPrevKey, 8); c.Cmd == abi.MapDumpAndDelete && prev != 0 && !k.Arena().Readable(prev, 4) {
			return kernel.Outcome{Errno: abi.EFAULT}
		}
		return k.Bpf(cpu, c, during)
	}},
	"dump-and-delete of an array is EINVAL": {call: instead(when(abi.MapDumpAndDelete, abi.ENOTSUPP), abi.EINVAL)},
	"dump-and-delete deletes nothing": {call: func(k *kernel.Sim, cpu int, c program.Call, during func(int)) kernel.Outcome {
		if c.Cmd == abi.MapDumpAndDelete && dumped(k, c) != nil && attrOf(k, c).Field(abi.JulyPrevKey, 8) == 0 {
			c.Cmd = abi.MapDumpJuly
		}
		return k.Bpf(cpu, c, during)
	}},
}

func TestDumpMutants(t *testing.T) {
	for name, m := range dumpMutants {
		t.Run(name, func(t *testing.T) {
			m.Sim = kernel.NewSim()
			requireFound(t, 2, m)
		})
	}
}

// The loop's one buffer, judged by the model alone.
func TestDumpMutantInside(t *testing.T) {
	text, err := os.ReadFile("testdata/vanish.txt")
	require.NoError(t, err)
	p, err := program.Parse(string(text))
	require.NoError(t, err)
	m, err := Compare(p, kernel.NewSim())
	require.NoError(t, err)
	require.Nil(t, m)
	m, err = Compare(p, mutant{Sim: kernel.NewSim(), call: dumpWithoutAliasing})
	require.NoError(t, err)
	require.NotNil(t, m)
}

// dumped are the elements of the hash type that a dump in July's layout is about, nil for other types.
func dumped(k *kernel.Sim, c program.Call) maps.Buckets {
	m := mapOf(k, c, abi.JulyMapFD)
	if m == nil {
		return nil
	}
	b, _ := m.Elements().(maps.Buckets)
	return b
}

// dumpsBuckets reports whether c is a plain bucket dump of a hash type.
func dumpsBuckets(k *kernel.Sim, c program.Call) bool {
	return c.Cmd == abi.MapDumpJuly && attrOf(k, c).Field(abi.JulyFlags, 8) == abi.DumpBucket && dumped(k, c) != nil
}

func setFlags(k *kernel.Sim, c program.Call, flags uint64) {
	if b := k.Arena().Span(c.Attr+abi.JulyFlags, 8, program.ToPoke); len(b) == 8 {
		program.PutWord(b, flags)
	}
}

// dumpByKey starts a bucket dump over when its key is not in the map.
func dumpByKey(k *kernel.Sim, cpu int, c program.Call, during func(int)) kernel.Outcome {
	prev := attrOf(k, c).Field(abi.JulyPrevKey, 8)
	if !dumpsBuckets(k, c) || prev == 0 {
		return k.Bpf(cpu, c, during)
	}
	m := dumped(k, c).(maps.Map)
	key, value := make([]byte, m.Spec().KeySize), make([]byte, m.ValueBytes())
	k.Arena().Read(key, prev)
	if field := k.Arena().Span(c.Attr+abi.JulyPrevKey, 8, program.ToPoke); m.(maps.Lookuper).Lookup(&maps.Task{}, key, value) == abi.ENOENT {
		program.PutWord(field, 0)
		defer program.PutWord(field, prev)
	}
	return k.Bpf(cpu, c, during)
}

// dumpWithoutAliasing keeps the last key that was copied as the cursor when a value is gone.
func dumpWithoutAliasing(k *kernel.Sim, cpu int, c program.Call, during func(int)) kernel.Outcome {
	b, a := elementsOf(k, c), attrOf(k, c)
	if c.Cmd != abi.MapDump || during == nil || b == nil || a.Field(abi.DumpPrevKey, 8) != 0 {
		return k.Bpf(cpu, c, during)
	}
	m, task := b.(maps.Map), &maps.Task{CPU: cpu}
	key, value := make([]byte, m.Spec().KeySize), make([]byte, m.ValueBytes())
	room := program.Word(k.Arena().Span(a.Field(abi.DumpBufLen, 8), 4, program.ToRead))
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
		k.Arena().Write(a.Field(abi.DumpBuf, 8)+filled, append(bytes.Clone(key), value...))
		cursor = bytes.Clone(key)
		filled += size
	}
	program.PutWord(k.Arena().Span(a.Field(abi.DumpBufLen, 8), 4, program.ToWrite), filled)
	return kernel.Outcome{}
}
