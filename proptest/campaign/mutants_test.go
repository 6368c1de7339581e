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
	"bucket order: new element last": {maps: ofType(abi.Hash, func(t hashTable) maps.Map { return newestLast{t} })},
	"LRU target for four times the CPUs": {start: func(m program.Machine) program.Machine {
		m.CPUs *= 4
		return m
	}},
	"LRU lists of another CPU": {call: func(k *kernel.Sim, _ int, c program.Call, during func(int)) kernel.Outcome {
		return k.Bpf(0, c, during)
	}},
	"LRU use counted by a lookup":               {maps: hashed(func(t hashTable) maps.Map { return usingLookup{t} })},
	"LRU victim not taken when an update fails": {maps: hashed(func(t hashTable) maps.Map { return checkingUpdate{t} })},
	"fd before flags in a lookup": {call: instead(func(k *kernel.Sim, c program.Call, o kernel.Outcome) bool {
		_, open := k.Process().Files.Get(int32(attrOf(k, c).Field(abi.ElemMapFD, 4)))
		return c.Cmd == abi.MapLookupElem && o.Errno == abi.EINVAL && !open && c.Size >= 32
	}, abi.EBADF)},
	"frozen is EINVAL":           {call: instead(when(abi.MapFreeze, abi.EPERM), abi.EINVAL)},
	"a full hash is ENOSPC":      {call: instead(when(abi.MapUpdateElem, abi.E2BIG), abi.ENOSPC)},
	"a full trie is E2BIG":       {call: instead(when(abi.MapUpdateElem, abi.ENOSPC), abi.E2BIG)},
	"a filter's keys are EINVAL": {call: instead(when(abi.MapDeleteElem, abi.EOPNOTSUPP), abi.EINVAL)},
	"the id of an inner map one ahead": {call: afterwards(abi.MapLookupElem, abi.OK, func(k *kernel.Sim, _ int, c program.Call) {
		if m := mapOf(k, c, abi.ElemMapFD); m.Spec().Inner != nil {
			poke(k, attrOf(k, c).Field(abi.ElemValue, 8), 1)
		}
	})},
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
	"a PROG_ARRAY has no slot to delete behind its last": {call: instead(onType(abi.ProgArray, abi.MapDeleteElem, abi.E2BIG, func(uint32, maps.Spec, uint64) bool {
		return true
	}), abi.ENOENT)},
	"a DEVMAP's device is looked at before NOEXIST": {call: instead(onType(abi.DevMap, abi.MapUpdateElem, abi.EEXIST, func(key uint32, _ maps.Spec, _ uint64) bool {
		return key == 0
	}), abi.EINVAL)},
	"a DEVMAP tells an empty slot when deleting": {maps: func(m maps.Map) maps.Map {
		if m.Spec().Type == abi.DevMap {
			return strictDevices{m.(devices)}
		}
		return m
	}},
	"a closed socket stays in its map": {call: func(k *kernel.Sim, cpu int, c program.Call, during func(int)) kernel.Outcome {
		k.Process().Host = immortal{k.Host()}
		return k.Bpf(cpu, c, during)
	}},
	"a SOCKHASH walks the oldest first": {maps: func(m maps.Map) maps.Map {
		if m.Spec().Type == abi.SockHash {
			return stableSockets{m.(sockets)}
		}
		return m
	}},
	"a socket may be in a group and a map": {call: instead(when(abi.MapUpdateElem, abi.EBUSY), abi.OK)},
	"a SOCKMAP's socket after its index": {call: instead(onType(abi.SockMap, abi.MapUpdateElem, abi.EOPNOTSUPP, func(key uint32, s maps.Spec, _ uint64) bool {
		return key >= s.MaxEntries
	}), abi.E2BIG)},
	"an empty bucket of stacks is out of range": {call: instead(onType(abi.StackTrace, abi.MapDeleteElem, abi.ENOENT, func(uint32, maps.Spec, uint64) bool {
		return true
	}), abi.E2BIG)},
	"a ring has no value to update": {call: instead(onType(abi.RingBuf, abi.MapUpdateElem, abi.ENOTSUPP, always), abi.EINVAL)},
	"a ring has no next key":        {call: instead(onType(abi.UserRingBuf, abi.MapGetNextKey, abi.ENOTSUPP, always), abi.EINVAL)},
	"a ring of any whole pages": {call: instead(func(k *kernel.Sim, c program.Call, o kernel.Outcome) bool {
		a := attrOf(k, c)
		return c.Cmd == abi.MapCreate && o.Errno == abi.EINVAL && a.Field(abi.CreateMapType, 4) == uint64(abi.RingBuf) &&
			a.Field(abi.CreateMaxEntries, 4) == 12288
	}, abi.OK)},
	"storage of cgroups can be deleted": {call: instead(func(k *kernel.Sim, c program.Call, o kernel.Outcome) bool {
		m := mapOf(k, c, abi.ElemMapFD)
		return c.Cmd == abi.MapDeleteElem && o.Errno == abi.EINVAL && m != nil && m.Spec().Type == abi.CgroupStorage
	}, abi.ENOENT)},
	"a storage map's flags before its fd": {call: instead(onType(abi.InodeStorage, abi.MapUpdateElem, abi.EBADF, func(_ uint32, _ maps.Spec, flags uint64) bool {
		return flags > abi.Exist
	}), abi.EINVAL)},
	"what is no socket is EBADF": {call: instead(onType(abi.SKStorage, abi.MapUpdateElem, abi.ENOTSOCK, always), abi.EBADF)},
	"an ended task is EBADF": {call: instead(onType(abi.TaskStorage, abi.MapUpdateElem, abi.ENOENT, func(_ uint32, _ maps.Spec, flags uint64) bool {
		return flags == abi.Any
	}), abi.EBADF)},
	"storage of cgroups is by fd": {call: func(k *kernel.Sim, cpu int, c program.Call, during func(int)) kernel.Outcome {
		k.Process().Host = manyCgroups{k.Host()}
		return k.Bpf(cpu, c, during)
	}},
	"an arena's keys are EINVAL": {call: instead(func(k *kernel.Sim, c program.Call, o kernel.Outcome) bool {
		m := mapOf(k, c, abi.ElemMapFD)
		return c.Cmd == abi.MapUpdateElem && o.Errno == abi.EOPNOTSUPP && m != nil && m.Spec().Type == abi.Arena
	}, abi.EINVAL)},
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
	"a full stack drops its top": {maps: func(m maps.Map) maps.Map {
		if stack, ok := m.(sequence); ok && m.Spec().Type == abi.Stack {
			return droppingTop{stack}
		}
		return m
	}},
	"deletion forgets the bucket's head": {maps: hashed(func(t hashTable) maps.Map { return forgetfulDelete{t} })},
	"a per-CPU value has no bytes behind its end": {call: afterwards(abi.MapLookupElem, abi.OK, func(k *kernel.Sim, _ int, c program.Call) {
		if m := perCPUOf(k, c); m != nil && m.Spec().ValueSize%8 != 0 {
			end := attrOf(k, c).Field(abi.ElemValue, 8) + uint64(m.Spec().ValueSize)
			k.Arena().Poke(end, make([]byte, 1))
		}
	})},
	"a per-CPU update moves its key":               {maps: ofType(abi.PerCPUHash, func(t hashTable) maps.Map { return movingUpdate{t} })},
	"a per-CPU update with EXIST takes an element": {maps: ofType(abi.LRUPerCPUHash, func(t hashTable) maps.Map { return takingUpdate{t} })},
	"BPF_F_LOCK moves a key":                       {call: withoutLock(abi.MapUpdateElem, abi.ElemFlags)},
	"BPF_F_LOCK moves a key in batches":            {call: withoutLock(abi.MapUpdateBatch, abi.BatchElemFlags)},
	"a lock can be seen": {call: afterwards(abi.MapLookupElem, abi.OK, func(k *kernel.Sim, _ int, c program.Call) {
		if a := attrOf(k, c); a.Field(abi.ElemFlags, 8) == abi.Lock {
			showLock(k, a.Field(abi.ElemValue, 8), mapOf(k, c, abi.ElemMapFD).Spec().ValueSize)
		}
	})},
	"BPF_F_LOCK without a lock is allowed": {call: instead(func(k *kernel.Sim, c program.Call, o kernel.Outcome) bool {
		m := mapOf(k, c, abi.ElemMapFD)
		return c.Cmd == abi.MapLookupElem && o.Errno == abi.EINVAL && attrOf(k, c).Field(abi.ElemFlags, 8) == abi.Lock && m != nil
	}, abi.ENOENT)},
	"a field that the map type cannot have is EINVAL": {call: instead(typed(abi.EOPNOTSUPP), abi.EINVAL)},
	"a type of another size is E2BIG":                 {call: instead(typed(abi.EINVAL), abi.E2BIG)},
	"a map with kept fields may be read only":         {call: instead(typed(abi.EACCES), abi.EINVAL)},
	"a map with kept fields is not frozen: EPERM":     {call: instead(when(abi.MapFreeze, abi.ENOTSUPP), abi.EPERM)},
	"BTF ids begin at 2": {call: afterwards(abi.ObjGetInfoByFD, abi.OK, func(k *kernel.Sim, _ int, c program.Call) {
		if a := attrOf(k, c); a.Field(abi.InfoLen, 4) >= abi.BTFInfoID+4 && mapOf(k, c, abi.InfoBPFFD) == nil {
			poke(k, a.Field(abi.InfoPtr, 8)+abi.BTFInfoID, 1)
		}
	})},
	"a log that is too short is EINVAL": {call: instead(when(abi.BTFLoad, abi.ENOSPC), abi.EINVAL)},
	"a log's size is not told": {call: func(k *kernel.Sim, cpu int, c program.Call, during func(int)) kernel.Outcome {
		if c.Cmd == abi.BTFLoad && c.Size >= abi.BTFLoadTrueSize+4 {
			c.Size = abi.BTFLoadTrueSize
		}
		return k.Bpf(cpu, c, during)
	}},
	"info of BTF gives a byte less": {call: afterwards(abi.ObjGetInfoByFD, abi.OK, func(k *kernel.Sim, _ int, c program.Call) {
		if a := attrOf(k, c); a.Field(abi.InfoLen, 4) == abi.BTFInfoSize && mapOf(k, c, abi.InfoBPFFD) == nil {
			poke(k, a.Field(abi.InfoPtr, 8)+abi.BTFInfoDataSize, -1)
		}
	})},
	"a map's value type is its key type": {call: afterwards(abi.ObjGetInfoByFD, abi.OK, func(k *kernel.Sim, _ int, c program.Call) {
		at := attrOf(k, c).Field(abi.InfoPtr, 8)
		key := k.Arena().Span(at+abi.MapInfoBTFKeyType, 8, program.ToWrite)
		if mapOf(k, c, abi.InfoBPFFD) != nil && attrOf(k, c).Field(abi.InfoLen, 4) >= abi.MapInfoBTFValueType+4 && len(key) == 8 {
			copy(key[4:], key[:4])
		}
	})},
	"ids begin at 2": {call: afterwards(abi.ObjGetInfoByFD, abi.OK, func(k *kernel.Sim, _ int, c program.Call) {
		if a := attrOf(k, c); a.Field(abi.InfoLen, 4) >= 8 {
			poke(k, a.Field(abi.InfoPtr, 8)+abi.MapInfoID, 1)
		}
	})},
}

// withoutLock takes BPF_F_LOCK, where the map has locks, out of the flags of a command.
func withoutLock(cmd abi.Cmd, offset uint64) func(*kernel.Sim, int, program.Call, func(int)) kernel.Outcome {
	return func(k *kernel.Sim, cpu int, c program.Call, during func(int)) kernel.Outcome {
		b := k.Arena().Span(c.Attr+offset, 8, program.ToWrite)
		if c.Cmd != cmd || len(b) < 8 || program.Word(b)&abi.Lock == 0 || uint64(c.Size) < offset+8 {
			return k.Bpf(cpu, c, during)
		}
		flags := program.Word(b)
		program.PutWord(b, flags&^abi.Lock)
		defer program.PutWord(b, flags)
		return k.Bpf(cpu, c, during)
	}
}

// typed matches MapCreate with types of a value that is answered with errno.
func typed(errno abi.Errno) func(*kernel.Sim, program.Call, kernel.Outcome) bool {
	return func(k *kernel.Sim, c program.Call, o kernel.Outcome) bool {
		return c.Cmd == abi.MapCreate && o.Errno == errno && attrOf(k, c).Field(abi.CreateBTFValueTypeID, 4) != 0
	}
}

// showLock writes to the first word of a value that is zero, as a lock in it is.
func showLock(k *kernel.Sim, addr uint64, size uint32) {
	for at := range uint64(size / 4) {
		if b := k.Arena().Span(addr+4*at, 4, program.ToWrite); len(b) == 4 && program.Word(b) == 0 {
			b[0] = 1
			return
		}
	}
}

// perCPUOf is the map of a per-CPU type behind map_fd, nil for other types.
func perCPUOf(k *kernel.Sim, c program.Call) maps.Map {
	m := mapOf(k, c, abi.ElemMapFD)
	if m == nil || program.ValueBytes(m.Spec().Type, 8, 2) == 8 {
		return nil
	}
	return m.Elements()
}
