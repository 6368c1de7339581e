package campaign

import (
	"slices"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
)

// hashTable is what a map of a hash type can do, except in sweeps.
type hashTable interface {
	maps.Map
	maps.Lookuper
	maps.Updater
	maps.Deleter
	maps.NextKeyer
	maps.LookupAndDeleter
	maps.LiveLookuper
	maps.Drainer
}

// sequence is what a queue or stack can do.
type sequence interface {
	maps.Map
	maps.Sequence
}

// hashed gives all hash types a bug.
func hashed(bug func(hashTable) maps.Map) func(maps.Map) maps.Map {
	return func(m maps.Map) maps.Map {
		if t, ok := m.(hashTable); ok {
			return bug(t)
		}
		return m
	}
}

// ofType gives one hash type a bug.
func ofType(kind abi.MapType, bug func(hashTable) maps.Map) func(maps.Map) maps.Map {
	return hashed(func(t hashTable) maps.Map {
		if t.Spec().Type == kind {
			return bug(t)
		}
		return t
	})
}

// newestLast puts a new element behind the others of its bucket: all the others are linked again.
type newestLast struct{ hashTable }

func (m newestLast) Update(t *maps.Task, key, value []byte, flags uint64) abi.Errno {
	errno := m.hashTable.Update(t, key, value, flags)
	if errno != abi.OK {
		return errno
	}
	keys, values := contents(t, m, m.BucketOf(key))
	for i := len(keys) - 1; i > 0; i-- {
		m.hashTable.Update(t, keys[i], values[i], abi.Any)
	}
	return abi.OK
}

// usingLookup counts a lookup of user space as a use.
type usingLookup struct{ hashTable }

func (m usingLookup) Lookup(t *maps.Task, key, value []byte) abi.Errno {
	m.LookupLive(t, key)
	return m.hashTable.Lookup(t, key, value)
}

// checkingUpdate looks first whether EXIST will fail.
type checkingUpdate struct{ hashTable }

func (m checkingUpdate) Update(t *maps.Task, key, value []byte, flags uint64) abi.Errno {
	if flags == abi.Exist && m.Lookup(t, key, make([]byte, m.ValueBytes())) == abi.ENOENT {
		return abi.ENOENT
	}
	return m.hashTable.Update(t, key, value, flags)
}

// forgetfulDelete removes the first element of the first bucket, too.
type forgetfulDelete struct{ hashTable }

func (m forgetfulDelete) Delete(t *maps.Task, key []byte) abi.Errno {
	errno := m.hashTable.Delete(t, key)
	if b := m.NextBucket(t, 0); errno == abi.OK && b < m.Buckets() {
		keys, _ := contents(t, m, b)
		m.hashTable.Delete(t, keys[0])
	}
	return errno
}

// movingUpdate moves the key to the front of its bucket.
type movingUpdate struct{ hashTable }

func (m movingUpdate) Update(t *maps.Task, key, value []byte, flags uint64) abi.Errno {
	errno := m.hashTable.Update(t, key, value, flags)
	if errno == abi.OK {
		m.Delete(t, key)
		m.hashTable.Update(t, key, slices.Clone(value), abi.Any)
	}
	return errno
}

// takingUpdate takes an element under EXIST, as under the other flags.
type takingUpdate struct{ hashTable }

func (m takingUpdate) Update(t *maps.Task, key, value []byte, flags uint64) abi.Errno {
	if flags == abi.Exist && m.Lookup(t, key, make([]byte, m.ValueBytes())) == abi.OK {
		m.hashTable.Update(t, key, value, abi.NoExist)
	}
	return m.hashTable.Update(t, key, value, flags)
}

// droppingTop is a stack that drops its top instead of its bottom when it is full.
type droppingTop struct{ sequence }

func (m droppingTop) Push(t *maps.Task, value []byte, flags uint64) abi.Errno {
	errno := m.sequence.Push(t, value, flags&^abi.Exist)
	if errno == abi.E2BIG && flags == abi.Exist {
		m.Pop(t, make([]byte, m.ValueBytes()))
		return m.sequence.Push(t, value, abi.Any)
	}
	return errno
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
