package campaign

import (
	"slices"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
	"github.com/bpfsim/bpfsim/proptest/kernel"
	"github.com/bpfsim/bpfsim/proptest/program"
)

// mutants are the bugs that a comparison must find.
var mutants = map[string]mutant{
	"bucket order: new element last": {call: updateAtTail},
	"LRU target for four times the CPUs": {start: func(m program.Machine) program.Machine {
		m.CPUs *= 4
		return m
	}},
	"LRU lists of another CPU": {call: func(k *kernel.Sim, _ int, c program.Call, during func(int)) kernel.Outcome {
		return k.Bpf(0, c, during)
	}},
	"LRU use counted by a lookup": {call: afterwards(abi.MapLookupElem, abi.OK, func(k *kernel.Sim, cpu int, c program.Call) {
		if b := elementsOf(k, c); b != nil {
			live := b.(maps.LiveLookuper)
			live.LookupLive(&maps.Task{CPU: cpu}, keyOf(k, c, b.(maps.Map).Spec().KeySize))
		}
	})},
	"LRU victim not taken when an update fails": {call: func(k *kernel.Sim, cpu int, c program.Call, during func(int)) kernel.Outcome {
		if b := elementsOf(k, c); c.Cmd == abi.MapUpdateElem && b != nil {
			key := keyOf(k, c, b.(maps.Map).Spec().KeySize)
			value := make([]byte, b.(maps.Map).ValueBytes())
			absent := b.(maps.Lookuper).Lookup(&maps.Task{CPU: cpu}, key, value) == abi.ENOENT
			if file, _ := k.Process().Files.Get(int32(attrOf(k, c).Field(abi.ElemMapFD, 4))); absent && file.Access().CanWrite() &&
				!file.Map().Frozen() && attrOf(k, c).Field(abi.ElemFlags, 8) == abi.Exist {
				return kernel.Outcome{Errno: abi.ENOENT}
			}
		}
		return k.Bpf(cpu, c, during)
	}},
	"fd before flags in a lookup": {call: instead(func(k *kernel.Sim, c program.Call, o kernel.Outcome) bool {
		_, open := k.Process().Files.Get(int32(attrOf(k, c).Field(abi.ElemMapFD, 4)))
		return c.Cmd == abi.MapLookupElem && o.Errno == abi.EINVAL && !open && c.Size >= 32
	}, abi.EBADF)},
	"frozen is EINVAL":           {call: instead(when(abi.MapFreeze, abi.EPERM), abi.EINVAL)},
	"a full hash is ENOSPC":      {call: instead(when(abi.MapUpdateElem, abi.E2BIG), abi.ENOSPC)},
	"a full trie is E2BIG":       {call: instead(when(abi.MapUpdateElem, abi.ENOSPC), abi.E2BIG)},
	"a filter's keys are EINVAL": {call: instead(when(abi.MapDeleteElem, abi.EOPNOTSUPP), abi.EINVAL)},
	"one hash function more": {call: func(k *kernel.Sim, cpu int, c program.Call, during func(int)) kernel.Outcome {
		b := k.Arena().Span(c.Attr+abi.CreateMapExtra, 8, program.ToWrite)
		if c.Cmd == abi.MapCreate && len(b) == 8 && attrOf(k, c).Field(abi.CreateMapType, 4) == uint64(abi.BloomFilter) {
			hashes := program.Word(b)
			program.PutWord(b, hashes+1)
			defer program.PutWord(b, hashes)
		}
		return k.Bpf(cpu, c, during)
	}},
	"prefixes lose the bits that do not count": {call: func(k *kernel.Sim, cpu int, c program.Call, during func(int)) kernel.Outcome {
		m := mapOf(k, c, abi.ElemMapFD)
		if c.Cmd != abi.MapUpdateElem || m == nil || m.Spec().Type != abi.LPMTrie {
			return k.Bpf(cpu, c, during)
		}
		key := k.Arena().Span(attrOf(k, c).Field(abi.ElemKey, 8), int(m.Spec().KeySize), program.ToPoke)
		if len(key) == int(m.Spec().KeySize) && program.Word(key[:4]) == 0 {
			kept := slices.Clone(key)
			clear(key)
			defer copy(key, kept)
		}
		return k.Bpf(cpu, c, during)
	}},
	"EXIST on an absent key":    {call: instead(when(abi.MapUpdateElem, abi.ENOENT), abi.E2BIG)},
	"a queue has no next key":   {call: instead(when(abi.MapDump, abi.ENOTSUPP), abi.EOPNOTSUPP)},
	"info of a bad fd is EBADF": {call: instead(when(abi.ObjGetInfoByFD, abi.EBADFD), abi.EBADF)},
	"a walk's end is OK":        {call: instead(when(abi.MapGetNextKey, abi.ENOENT), abi.OK)},
	"read-only memory is writable": {call: withMemory(func(a *program.Arena, addr uint64, p []byte) int {
		return copy(a.Span(addr, len(p), program.ToPoke), p)
	})},
	"a fault writes nothing": {call: withMemory(func(a *program.Arena, addr uint64, p []byte) int {
		if len(a.Span(addr, len(p), program.ToWrite)) < len(p) {
			return 0
		}
		return a.Write(addr, p)
	})},
	"one byte too many": {call: withMemory(func(a *program.Arena, addr uint64, p []byte) int {
		return min(a.Write(addr, append(p[:len(p):len(p)], 0)), len(p))
	})},
	"batch token one ahead": {call: afterwards(abi.MapLookupBatch, abi.OK, func(k *kernel.Sim, _ int, c program.Call) {
		poke(k, attrOf(k, c).Field(abi.BatchOut, 8), 1)
	})},
	"batch count kept on a fault": {call: func(k *kernel.Sim, cpu int, c program.Call, during func(int)) kernel.Outcome {
		count := attrOf(k, c).Field(abi.BatchCount, 4)
		o := k.Bpf(cpu, c, during)
		if c.Cmd == abi.MapLookupBatch && o.Errno == abi.EFAULT {
			if b := k.Arena().Span(c.Attr+abi.BatchCount, 4, program.ToWrite); len(b) == 4 {
				program.PutWord(b, count)
			}
		}
		return o
	}},
	"fd modes ignored": {call: func(k *kernel.Sim, cpu int, c program.Call, during func(int)) kernel.Outcome {
		if b := k.Arena().Span(c.Attr+abi.CreateMapFlags, 4, program.ToWrite); c.Cmd == abi.MapCreate && len(b) == 4 {
			flags := program.Word(b)
			program.PutWord(b, flags&^uint64(abi.FlagReadOnly))
			defer program.PutWord(b, flags)
		}
		return k.Bpf(cpu, c, during)
	}},
	"freezing ignored": {call: func(k *kernel.Sim, cpu int, c program.Call, during func(int)) kernel.Outcome {
		if m := mapOf(k, c, abi.ElemMapFD); c.Cmd == abi.MapFreeze && m != nil && c.Size == 4 && !m.Frozen() {
			return kernel.Outcome{}
		}
		return k.Bpf(cpu, c, during)
	}},
	"a full stack drops its top": {call: func(k *kernel.Sim, cpu int, c program.Call, during func(int)) kernel.Outcome {
		m := mapOf(k, c, abi.ElemMapFD)
		if c.Cmd != abi.MapUpdateElem || m == nil || m.Spec().Type != abi.Stack || attrOf(k, c).Field(abi.ElemFlags, 8) != abi.Exist {
			return k.Bpf(cpu, c, during)
		}
		task, stack := &maps.Task{CPU: cpu}, m.Elements().(maps.Sequence)
		value := make([]byte, m.Elements().ValueBytes())
		if stack.Peek(task, value) == abi.OK && stack.Push(task, value, abi.Any) == abi.E2BIG {
			stack.Pop(task, value)
		} else if stack.Peek(task, value) == abi.OK {
			stack.Pop(task, value)
		}
		return k.Bpf(cpu, c, during)
	}},
	"deletion forgets the bucket's head": {call: afterwards(abi.MapDeleteElem, abi.OK, func(k *kernel.Sim, cpu int, c program.Call) {
		if b := elementsOf(k, c); b != nil && b.NextBucket(0) < b.Buckets() {
			keys, _ := contents(&maps.Task{CPU: cpu}, b, b.NextBucket(0))
			b.(maps.Deleter).Delete(&maps.Task{CPU: cpu}, keys[0])
		}
	})},
	"a per-CPU value has no bytes behind its end": {call: afterwards(abi.MapLookupElem, abi.OK, func(k *kernel.Sim, _ int, c program.Call) {
		if m := perCPUOf(k, c); m != nil && m.Spec().ValueSize%8 != 0 {
			end := attrOf(k, c).Field(abi.ElemValue, 8) + uint64(m.Spec().ValueSize)
			k.Arena().Poke(end, make([]byte, 1))
		}
	})},
	"a per-CPU update moves its key": {call: afterwards(abi.MapUpdateElem, abi.OK, func(k *kernel.Sim, cpu int, c program.Call) {
		if m := perCPUOf(k, c); m != nil && m.Spec().Type == abi.PerCPUHash {
			task, key, value := &maps.Task{CPU: cpu}, keyOf(k, c, m.Spec().KeySize), make([]byte, m.ValueBytes())
			m.(maps.LookupAndDeleter).LookupAndDelete(task, key, value)
			m.(maps.Updater).Update(task, key, value, abi.Any)
		}
	})},
	"a per-CPU update with EXIST takes an element": {call: func(k *kernel.Sim, cpu int, c program.Call, during func(int)) kernel.Outcome {
		m := perCPUOf(k, c)
		if c.Cmd == abi.MapUpdateElem && m != nil && m.Spec().Type == abi.LRUPerCPUHash && attrOf(k, c).Field(abi.ElemFlags, 8) == abi.Exist {
			task, key := &maps.Task{CPU: cpu}, keyOf(k, c, m.Spec().KeySize)
			m.(maps.Updater).Update(task, key, make([]byte, m.ValueBytes()), abi.NoExist)
		}
		return k.Bpf(cpu, c, during)
	}},
	"ids begin at 2": {call: afterwards(abi.ObjGetInfoByFD, abi.OK, func(k *kernel.Sim, _ int, c program.Call) {
		if a := attrOf(k, c); a.Field(abi.InfoLen, 4) >= 8 {
			poke(k, a.Field(abi.InfoPtr, 8)+abi.MapInfoID, 1)
		}
	})},
}

// updateAtTail puts a new element of a HASH behind the others of its bucket: all the others are linked again.
func updateAtTail(k *kernel.Sim, cpu int, c program.Call, during func(int)) kernel.Outcome {
	o := k.Bpf(cpu, c, during)
	b := elementsOf(k, c)
	if c.Cmd != abi.MapUpdateElem || o.Errno != abi.OK || b == nil {
		return o
	}
	m := b.(maps.Map)
	key, task := keyOf(k, c, m.Spec().KeySize), &maps.Task{CPU: cpu}
	for at := uint32(0); at < b.Buckets() && m.Spec().Type == abi.Hash; at++ {
		keys, values := contents(task, b, at)
		if len(keys) == 0 || string(keys[0]) != string(key) {
			continue
		}
		for i := len(keys) - 1; i > 0; i-- {
			b.(maps.Updater).Update(task, keys[i], values[i], abi.Any)
		}
		break
	}
	return o
}

// contents are the keys and values of a bucket, in order.
func contents(t *maps.Task, b maps.Buckets, bucket uint32) (keys, values [][]byte) {
	m := b.(maps.Map)
	keySize, valueSize := int(m.Spec().KeySize), m.ValueBytes()
	n := b.ReadBucket(t, bucket, nil, nil, false)
	packedKeys, packedValues := make([]byte, n*keySize), make([]byte, n*valueSize)
	b.ReadBucket(t, bucket, packedKeys, packedValues, false)
	for i := range n {
		keys = append(keys, packedKeys[i*keySize:][:keySize])
		values = append(values, packedValues[i*valueSize:][:valueSize])
	}
	return keys, values
}

// perCPUOf is the map of a per-CPU type behind map_fd, nil for other types.
func perCPUOf(k *kernel.Sim, c program.Call) maps.Map {
	m := mapOf(k, c, abi.ElemMapFD)
	if m == nil || program.ValueBytes(m.Spec().Type, 8, 2) == 8 {
		return nil
	}
	return m.Elements()
}
