package explore

import (
	"encoding/binary"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
	bpfsys "github.com/bpfsim/bpfsim/syscall"
)

// loop is a System whose dumps are made of calls that Linux has: BPF_MAP_DUMP is the mail's loop of GET_NEXT_KEY and
// LOOKUP_ELEM, BPF_MAP_DUMP_AND_DELETE one of GET_NEXT_KEY and LOOKUP_AND_DELETE_ELEM, and BPF_F_DUMP_BUCKET makes
// them LOOKUP_BATCH and LOOKUP_AND_DELETE_BATCH. Others can be let in before each of these calls.
type loop struct {
	System
	shape Shape
	// before is called before each sub-call behind which others can be.
	before func()

	next, value, token uint64 // addresses of the kernel's own buffers
	keys, values       uint64
}

func newLoop(system System, shape Shape, before func()) *loop {
	return &loop{
		System: system, shape: shape, before: before,
		next: system.Alloc(shape.keyBytes()), value: system.Alloc(shape.Value), token: system.Alloc(shape.keyBytes()),
		keys: system.Alloc(int(shape.Entries) * shape.keyBytes()), values: system.Alloc(int(shape.Entries) * shape.Value),
	}
}

// StandIn names the calls that stand for the way of walking a map of the type on Linux, "" for one that Linux has.
func (w Way) StandIn(t abi.MapType) string {
	if t == abi.LPMTrie && w.Name == "dump-delete" {
		return "GET_NEXT_KEY, LOOKUP_ELEM and DELETE_ELEM"
	}
	return map[string]string{
		"dump": "GET_NEXT_KEY and LOOKUP_ELEM", "dump-july": "GET_NEXT_KEY and LOOKUP_ELEM",
		"dump-bucket": "LOOKUP_BATCH", "dump-delete": "GET_NEXT_KEY and LOOKUP_AND_DELETE_ELEM",
		"dump-delete-bucket": "LOOKUP_AND_DELETE_BATCH",
	}[w.Name]
}

// Do makes a call, or those that stand for it.
func (l *loop) Do(args bpfsys.Args) (int32, abi.Errno) {
	switch a := args.(type) {
	case bpfsys.MapDump:
		return 0, l.dump(bpfsys.MapDumpJuly{FD: a.FD, PrevKey: a.PrevKey, Buf: a.Buf, BufLen: a.BufLen})
	case bpfsys.MapDumpJuly:
		if a.Flags&abi.DumpBucket != 0 {
			return 0, l.buckets(a, func(b bpfsys.MapLookupBatch) bpfsys.Args { return b })
		}
		return 0, l.dump(a)
	case bpfsys.MapDumpAndDelete:
		a.PrevKey = 0 // output only
		if a.Flags&abi.DumpBucket != 0 {
			return 0, l.buckets(bpfsys.MapDumpJuly(a), func(b bpfsys.MapLookupBatch) bpfsys.Args { return bpfsys.MapLookupAndDeleteBatch(b) })
		}
		return 0, l.drain(bpfsys.MapDumpJuly(a))
	}
	l.before()
	return l.System.Do(args)
}

func (l *loop) read(addr uint64, n int) []byte {
	p := make([]byte, n)
	l.Memory().Read(p, addr)
	return p
}

func (l *loop) write(addr uint64, p []byte) { l.Memory().Write(addr, p) }

// recordBytes is the length of a key and a value.
func (l *loop) recordBytes() int { return l.shape.keyBytes() + l.shape.Value }

// room is how many bytes the caller's buffer has.
func (l *loop) room(a bpfsys.MapDumpJuly) int {
	return int(binary.LittleEndian.Uint32(l.read(a.BufLen, 4)))
}

// dump is the mail's loop: from the first record on, cursor and key buffer are the same memory.
func (l *loop) dump(a bpfsys.MapDumpJuly) abi.Errno {
	cursor, filled, errno := a.PrevKey, 0, abi.OK
	for room := l.room(a); filled+l.recordBytes() <= room; {
		l.before()
		if _, errno = l.System.Do(bpfsys.MapGetNextKey{FD: a.FD, Key: cursor, NextKey: l.next}); errno != abi.OK {
			break
		}
		l.before()
		if _, errno = l.System.Do(bpfsys.MapLookupElem{FD: a.FD, Key: l.next, Value: l.value}); errno == abi.OK {
			filled += l.put(a.Buf+uint64(filled), l.read(l.next, l.shape.keyBytes()), l.read(l.value, l.shape.Value))
			cursor = l.next
		}
	}
	return l.finish(a, filled, errno)
}

// drain takes the first element of the map while there is room. Nobody comes in between finding and taking one.
func (l *loop) drain(a bpfsys.MapDumpJuly) abi.Errno {
	l.before()
	filled, errno := 0, abi.OK
	for room := l.room(a); filled+l.recordBytes() <= room; {
		if _, errno = l.System.Do(bpfsys.MapGetNextKey{FD: a.FD, NextKey: l.next}); errno != abi.OK {
			break
		}
		if errno = l.take(a.FD); errno != abi.OK {
			return errno
		}
		filled += l.put(a.Buf+uint64(filled), l.read(l.next, l.shape.keyBytes()), l.read(l.value, l.shape.Value))
	}
	return l.finish(a, filled, errno)
}

// take removes the next key and gets its value. LPM_TRIE has no call that does both.
func (l *loop) take(fd int32) abi.Errno {
	if !l.shape.isTrie() {
		_, errno := l.System.Do(bpfsys.MapLookupAndDeleteElem{FD: fd, Key: l.next, Value: l.value})
		return errno
	}
	if _, errno := l.System.Do(bpfsys.MapLookupElem{FD: fd, Key: l.next, Value: l.value}); errno != abi.OK {
		return errno
	}
	_, errno := l.System.Do(bpfsys.MapDeleteElem{FD: fd, Key: l.next})
	return errno
}

// put stores a record and returns its length.
func (l *loop) put(addr uint64, key, value []byte) int {
	l.write(addr, key)
	l.write(addr+uint64(len(key)), value)
	return l.recordBytes()
}

// buckets reads whole buckets with a batch command, whose token is the number of the bucket behind the cursor's.
func (l *loop) buckets(a bpfsys.MapDumpJuly, command func(bpfsys.MapLookupBatch) bpfsys.Args) abi.Errno {
	l.before()
	batch := bpfsys.MapLookupBatch{
		FD: a.FD, Out: l.token, Keys: l.keys, Values: l.values, Count: uint32(l.room(a) / l.recordBytes()),
	}
	if a.PrevKey != 0 {
		batch.In = l.token
		l.write(l.token, binary.LittleEndian.AppendUint32(nil, l.shape.bucketOf(l.read(a.PrevKey, l.shape.keyBytes()))+1))
	}
	_, errno := l.System.Do(command(batch))
	if errno != abi.OK && errno != abi.ENOENT {
		return errno
	}
	filled := 0
	for i := range uint64(binary.LittleEndian.Uint32(l.Attr()[abi.BatchCount:])) {
		key, value := l.read(l.keys+i*uint64(l.shape.keyBytes()), l.shape.keyBytes()), l.read(l.values+i*uint64(l.shape.Value), l.shape.Value)
		filled += l.put(a.Buf+uint64(filled), key, value)
		l.write(l.next, key)
	}
	return l.finish(a, filled, errno)
}

// finish tells the caller how much there is and, where a key was passed, the last one.
func (l *loop) finish(a bpfsys.MapDumpJuly, filled int, errno abi.Errno) abi.Errno {
	if errno == abi.ENOENT && filled == 0 {
		return errno
	}
	l.write(a.BufLen, binary.LittleEndian.AppendUint32(nil, uint32(filled)))
	if a.PrevKey != 0 {
		l.write(a.PrevKey, l.read(l.next, l.shape.keyBytes()))
	}
	return abi.OK
}

// bucketOf is the number of the bucket that holds key in a map of this shape with seed 0.
func (m Shape) bucketOf(key []byte) uint32 {
	table, errno := maps.New(maps.Spec{
		Type: m.Type, KeySize: uint32(m.keyBytes()), ValueSize: 8, MaxEntries: m.Entries, Flags: m.Flags | abi.FlagZeroSeed, CPUs: 1,
	})
	if errno != abi.OK {
		panic(errno) // the scenario's own map was made
	}
	return table.(maps.Drainer).BucketOf(key)
}
