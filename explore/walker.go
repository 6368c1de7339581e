package explore

import (
	"encoding/binary"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/model"
	bpfsys "github.com/bpfsim/bpfsim/syscall"
)

// walkerName is the walking task's name in schedules.
const walkerName = "walker"

// walker is a walk in progress: each step makes one call, or the two calls that read one key.
type walker struct {
	*client
	way  Way
	room int // records; doubled when a bucket does not fit

	calls   int // made so far
	fault   int // the number of the one whose records or values have nowhere to go, 0 for none
	started bool
	cursor  []byte // key or token to go on from
	keys    uint64 // addresses of the output
	values  uint64
	length  uint64
}

func newWalker(system System, fd int32, s Scenario) *walker {
	way, _ := WayByName(s.Walk.Way)
	// Room doubles only when a bucket, which holds no more than the map, does not fit.
	records := max(s.Walk.Room, 2*int(s.capacity()))
	return &walker{
		client: newClient(system, fd, s.Map), way: way, room: s.Walk.Room, fault: s.Walk.Fault, cursor: make([]byte, s.Map.keyBytes()),
		keys: system.Alloc(records * s.Map.keyBytes()), values: system.Alloc(records * (s.Map.keyBytes() + s.Map.Value)),
		length: system.Alloc(4),
	}
}

// step makes the next call.
func (w *walker) step() (call model.WalkCall, done bool) {
	w.calls++
	return w.way.step(w)
}

// nowhere is an address at which no process has memory.
const nowhere = 1

// to is addr, where records or values are to go, unless the call is to fault.
func (w *walker) to(addr uint64) uint64 {
	if w.calls == w.fault {
		return nowhere
	}
	return addr
}

// failed is a call that came to nothing.
func (w *walker) failed(errno abi.Errno) model.WalkCall {
	call := w.call()
	call.Failed = errno
	return call
}

// from is the address of the cursor, 0 before the first record.
func (w *walker) from() uint64 {
	if !w.started {
		return 0
	}
	w.write(w.key, w.cursor)
	return w.key
}

// goOn makes key the cursor.
func (w *walker) goOn(key []byte) {
	copy(w.cursor, key)
	w.started = true
}

func (w *walker) call(records ...model.Pair) model.WalkCall {
	call := model.WalkCall{Records: records, Room: w.room}
	if w.started {
		call.Cursor = string(w.cursor)
	}
	return call
}

// nextLookup reads the next key and its value; a key that is gone when it is looked up is skipped.
func (w *walker) nextLookup() (model.WalkCall, bool) {
	lookup := bpfsys.MapLookupElem{FD: w.fd, Key: w.next, Value: w.to(w.value)}
	return w.nextKey(func() abi.Errno {
		_, errno := w.system.Do(lookup)
		return errno
	})
}

// nextTake takes the next key out of the map.
func (w *walker) nextTake() (model.WalkCall, bool) {
	take := bpfsys.MapLookupAndDeleteElem{FD: w.fd, Key: w.next, Value: w.to(w.value)}
	return w.nextKey(func() abi.Errno {
		_, errno := w.system.Do(take)
		return errno
	})
}

func (w *walker) nextKey(get func() abi.Errno) (model.WalkCall, bool) {
	if _, errno := w.system.Do(bpfsys.MapGetNextKey{FD: w.fd, Key: w.from(), NextKey: w.next}); errno != abi.OK {
		return w.call(), ended(errno)
	}
	errno := get()
	if errno == abi.EFAULT {
		return w.failed(errno), false
	}
	w.goOn(w.read(w.next, w.shape.keyBytes()))
	if errno != abi.OK {
		return w.call(), false
	}
	return w.call(model.Pair{Key: string(w.cursor), Value: string(w.read(w.value, w.shape.Value))}), false
}

func (w *walker) dumpRFC() (model.WalkCall, bool) {
	return w.dump(bpfsys.MapDump{FD: w.fd, PrevKey: w.from(), Buf: w.to(w.values), BufLen: w.length})
}

func (w *walker) dumpJuly() (model.WalkCall, bool) {
	return w.dump(bpfsys.MapDumpJuly{FD: w.fd, PrevKey: w.from(), Buf: w.to(w.values), BufLen: w.length})
}

func (w *walker) dumpBuckets() (model.WalkCall, bool) {
	return w.dump(bpfsys.MapDumpJuly{
		FD: w.fd, PrevKey: w.from(), Buf: w.to(w.values), BufLen: w.length, Flags: abi.DumpBucket,
	})
}

func (w *walker) dumpDelete() (model.WalkCall, bool) {
	return w.dump(bpfsys.MapDumpAndDelete{FD: w.fd, Buf: w.to(w.values), BufLen: w.length})
}

func (w *walker) dumpDeleteBuckets() (model.WalkCall, bool) {
	return w.dump(bpfsys.MapDumpAndDelete{FD: w.fd, Buf: w.to(w.values), BufLen: w.length, Flags: abi.DumpBucket})
}

// dump reads packed records. The last key is the cursor: only a walk that began with a key is told it by the kernel.
func (w *walker) dump(args bpfsys.Args) (model.WalkCall, bool) {
	w.write(w.length, binary.LittleEndian.AppendUint32(nil, uint32(w.room*(w.shape.keyBytes()+w.shape.Value))))
	switch _, errno := w.system.Do(args); errno {
	case abi.OK:
	case abi.EFAULT, abi.EINTR:
		return w.failed(errno), false
	case abi.ENOSPC:
		w.room *= 2
		return w.call(), false
	default:
		return w.call(), ended(errno)
	}
	filled := int(binary.LittleEndian.Uint32(w.read(w.length, 4)))
	pairs := w.records(w.read(w.values, filled))
	if len(pairs) > 0 {
		w.goOn([]byte(pairs[len(pairs)-1].Key))
	}
	return w.call(pairs...), false
}

func (w *walker) records(packed []byte) []model.Pair {
	keyBytes := w.shape.keyBytes()
	var pairs []model.Pair
	for size := keyBytes + w.shape.Value; len(packed) >= size; packed = packed[size:] {
		pairs = append(pairs, model.Pair{Key: string(packed[:keyBytes]), Value: string(packed[keyBytes:size])})
	}
	return pairs
}

func (w *walker) lookupBatch() (model.WalkCall, bool) {
	return w.batch(func(b bpfsys.MapLookupBatch) bpfsys.Args { return b })
}

func (w *walker) takeBatch() (model.WalkCall, bool) {
	return w.batch(func(b bpfsys.MapLookupBatch) bpfsys.Args { return bpfsys.MapLookupAndDeleteBatch(b) })
}

// batch reads up to room records. ENOENT ends the walk and may still come with records; ENOSPC asks for more room.
func (w *walker) batch(command func(bpfsys.MapLookupBatch) bpfsys.Args) (model.WalkCall, bool) {
	_, errno := w.system.Do(command(bpfsys.MapLookupBatch{
		FD: w.fd, In: w.from(), Out: w.next, Keys: w.keys, Values: w.to(w.values), Count: uint32(w.room),
	}))
	switch errno {
	case abi.ENOSPC:
		w.room *= 2
		return w.call(), false
	case abi.EFAULT:
		return w.failed(errno), false
	}
	n := int(binary.LittleEndian.Uint32(w.system.Attr()[abi.BatchCount:]))
	keyBytes := w.shape.keyBytes()
	w.goOn(w.read(w.next, keyBytes))
	keys, values := w.read(w.keys, n*keyBytes), w.read(w.values, n*w.shape.Value)
	var pairs []model.Pair
	for i := range n {
		key, value := keys[i*keyBytes:][:keyBytes], values[i*w.shape.Value:][:w.shape.Value]
		pairs = append(pairs, model.Pair{Key: string(key), Value: string(value)})
	}
	return w.call(pairs...), errno != abi.OK && ended(errno)
}

// ended is true. What ends a walk is ENOENT, and anything else a slip of the walker's own.
func ended(errno abi.Errno) bool {
	if errno != abi.ENOENT {
		panic(errno)
	}
	return true
}
