package live

import (
	"encoding/binary"
	"fmt"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/explore"
	bpfsys "github.com/bpfsim/bpfsim/syscall"
)

const keyBytes = 4

// newMap makes a map of the shape with keys of 4 bytes, its order the same on every machine.
func newMap(system explore.System, shape explore.Shape) (int32, error) {
	args := bpfsys.MapCreate{
		Type: shape.Type, KeySize: keyBytes, ValueSize: uint32(shape.Value), MaxEntries: shape.Entries, Flags: shape.Flags,
	}
	switch shape.Type {
	case abi.Hash, abi.LRUHash:
		args.Flags |= abi.FlagZeroSeed
	case abi.Queue, abi.Stack:
		args.KeySize = 0
	}
	fd, errno := system.Do(args)
	if errno != abi.OK {
		return 0, fmt.Errorf("make a map of type %s: %s", shape.Type, errno)
	}
	return fd, nil
}

func keyOf(n uint32) string { return string(binary.LittleEndian.AppendUint32(nil, n)) }

// ValueOf is the value of a write: its number in all words, so that a torn value shows.
func ValueOf(number uint64, size int) string {
	var p []byte
	for range size / 8 {
		p = binary.LittleEndian.AppendUint64(p, number)
	}
	return string(p)
}

// caller is a system with room for the operands of single-element calls on one map.
type caller struct {
	explore.System
	fd         int32
	valueBytes int
	key, value uint64 // addresses
}

func newCaller(system explore.System, fd int32, shape explore.Shape) *caller {
	d := &caller{System: system, fd: fd, valueBytes: shape.Value, value: system.Alloc(shape.Value)}
	if shape.Type != abi.Queue && shape.Type != abi.Stack { // those want a key address of 0
		d.key = system.Alloc(keyBytes)
	}
	return d
}

func (d *caller) update(key, value string, flags uint64) abi.Errno {
	d.Memory().Write(d.key, []byte(key))
	d.Memory().Write(d.value, []byte(value))
	_, errno := d.Do(bpfsys.MapUpdateElem{FD: d.fd, Key: d.key, Value: d.value, Flags: flags})
	return errno
}

func (d *caller) delete(key string) abi.Errno {
	d.Memory().Write(d.key, []byte(key))
	_, errno := d.Do(bpfsys.MapDeleteElem{FD: d.fd, Key: d.key})
	return errno
}

func (d *caller) lookup(key string) (value string, errno abi.Errno) {
	d.Memory().Write(d.key, []byte(key))
	_, errno = d.Do(bpfsys.MapLookupElem{FD: d.fd, Key: d.key, Value: d.value})
	return d.result(errno), errno
}

func (d *caller) take(key string) (value string, errno abi.Errno) {
	d.Memory().Write(d.key, []byte(key))
	_, errno = d.Do(bpfsys.MapLookupAndDeleteElem{FD: d.fd, Key: d.key, Value: d.value})
	return d.result(errno), errno
}

// result is the value that a call gave, "" when it failed.
func (d *caller) result(errno abi.Errno) string {
	if errno != abi.OK {
		return ""
	}
	p := make([]byte, d.valueBytes)
	d.Memory().Read(p, d.value)
	return string(p)
}
