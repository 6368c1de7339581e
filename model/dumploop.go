package model

import (
	"bytes"

	"github.com/bpfsim/bpfsim/abi"
)

// Ask is what the loop of BPF_MAP_DUMP does next.
type Ask int

// The steps of the loop. Between any two of them other calls may run.
const (
	AskNextKey Ask = iota // the key behind Key, the first one when Key is nil: answer with Answer
	AskLookup             // the value of Key: answer with Answer
	AskCopy               // copy Record to the buffer at Offset: answer with Copied
	AskDone               // the loop is over with Errno; on success Offset bytes are filled and prev_key becomes Key
)

// DumpStep is one step of the loop. Its slices must not be changed, and are valid until the loop is told the answer.
type DumpStep struct {
	Kind   Ask
	Key    []byte
	Record []byte
	Offset uint32
	Errno  abi.Errno
}

// DumpLoop is the loop of BPF_MAP_DUMP as RFC v3 has it, one step at a time: it says what it asks the map, and is told the
// answer, so that anything may happen to the map in between.
//
// The loop has one key buffer. The next key is written into it, and from the first record on the cursor is that same
// buffer: a key that vanishes before its value is copied has become the cursor, and asking for the key behind it
// starts over at the first one. Before the first record the cursor is the caller's key, and is asked again.
type DumpLoop struct {
	keySize, elemSize int
	room              uint32 // bytes of the caller's buffer
	cursor            []byte // the caller's key, nil for none; not used once aliased
	aliased           bool   // the cursor is the key buffer
	key, value        []byte // the key buffer and the value behind it
	record            []byte // both, for the one who asks
	filled            uint32 // bytes of the caller's buffer
	slots             bool   // a key without a value has never had one: go on behind it
	kind              Ask
	errno             abi.Errno
}

// NewDumpLoop starts the loop for elements of that size, in bytes, a buffer of room bytes that holds at least one, and
// the caller's key (nil: from the start).
func NewDumpLoop(keySize, valueSize int, room uint32, prev []byte) *DumpLoop {
	return &DumpLoop{
		keySize: keySize, elemSize: keySize + valueSize, room: room, cursor: bytes.Clone(prev), key: make([]byte, keySize),
	}
}

// Ask is the step to take now.
func (l *DumpLoop) Ask() DumpStep {
	step := DumpStep{Kind: l.kind, Key: l.key, Offset: l.filled, Errno: l.errno}
	switch {
	case l.kind == AskNextKey && !l.aliased:
		step.Key = l.cursor
	case l.kind == AskCopy:
		l.record = append(append(l.record[:0], l.key...), l.value...)
		step.Record = l.record
	}
	return step
}

// Answer is what the map said to AskNextKey or AskLookup.
func (l *DumpLoop) Answer(data []byte, errno abi.Errno) {
	switch {
	case l.kind == AskLookup && errno == abi.ENOENT: // vanished: ask again, no bound on retries
		l.kind, l.aliased = AskNextKey, l.aliased || l.slots
	case l.kind == AskNextKey && errno == abi.ENOENT && l.filled > 0:
		l.end(abi.OK) // the end of the map is no error behind a record
	case errno != abi.OK:
		l.end(errno)
	case l.kind == AskLookup:
		l.value, l.kind = data, AskCopy
	default:
		copy(l.key, data)
		l.kind = AskLookup
	}
}

// Copied tells whether the record could be copied: a fault ends the loop.
func (l *DumpLoop) Copied(ok bool) {
	if !ok {
		l.end(abi.EFAULT)
		return
	}
	l.aliased = true
	l.filled += uint32(l.elemSize)
	l.kind = AskNextKey
	if uint64(l.filled)+uint64(l.elemSize) > uint64(l.room) {
		l.end(abi.OK)
	}
}

func (l *DumpLoop) end(errno abi.Errno) { l.kind, l.errno = AskDone, errno }
