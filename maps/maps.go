package maps

import "github.com/bpfsim/bpfsim/abi"

// Spec describes a map to be made: the fields of MapCreate that its type looks at, and what the machine adds.
type Spec struct {
	Type       abi.MapType
	KeySize    uint32 // bytes
	ValueSize  uint32 // bytes, as given to MapCreate
	MaxEntries uint32
	Flags      uint32
	NumaNode   uint32
	Extra      uint64 // map_extra: of a BLOOM_FILTER the number of hash functions, 0 for 5
	// Typed and KernelTyped say that key and value, or the value in the kernel, have types of BTF.
	Typed, KernelTyped bool
	// Functions is how many functions the value of a STRUCT_OPS has.
	Functions int
	// Inner belongs to the types whose values are maps; New needs it.
	Inner *Inner
	// Account is what the map takes of the machine's memory; nil where that has no bound.
	Account *Account
	// Seed is the initial value of the hash function; New uses 0 instead under FlagZeroSeed.
	Seed uint32
	// CPUs is the machine's number of possible CPUs, at least 1.
	CPUs int
	// LRUTarget is how many free elements a CPU fetches from a common LRU at once; 0 is half of its share, 128 at most.
	LRUTarget int
	// InnerMoves is that an update of a HASH_OF_MAPS moves its key as that of a HASH does.
	InnerMoves bool
}

// Map is what every map type offers. The element operations are in the small interfaces below; a type that lacks one
// does not implement it, and the dispatcher in bpfsys answers the kernel's errno for the missing operation.
//
// Keys passed in have exactly KeySize bytes and values and destinations exactly ValueBytes. A destination may be the
// key's own memory or overlap it: an operation has done with its key before it writes, and writes only when it answers
// OK. No operation keeps a slice passed to it. None allocates, but for the memory of elements as their number grows, and
// now and then when many others than before are neighbours in a HASH.
type Map interface {
	// Spec returns the map's shape as info shows it: MaxEntries is rounded where the type rounds it.
	Spec() Spec
	// ValueBytes is the size of a value as user space sees it.
	ValueBytes() int
	// Memlock is the memory that fdinfo reports, in bytes.
	Memlock() uint64
}

// Lookuper copies a key's value (ENOENT when absent) as MapLookupElem does: it never sets an LRU reference bit.
type Lookuper interface {
	Lookup(t *Task, key, value []byte) abi.Errno
}

// Updater sets a key's value; flags are those of MapUpdateElem without abi.Lock.
type Updater interface {
	Update(t *Task, key, value []byte, flags uint64) abi.Errno
}

// InPlaceUpdater is an Updater that leaves a key that is there in its place, as under abi.Lock.
type InPlaceUpdater interface {
	UpdateInPlace(t *Task, key, value []byte, flags uint64) abi.Errno
}

// Deleter removes a key (ENOENT when absent).
type Deleter interface {
	Delete(t *Task, key []byte) abi.Errno
}

// NextKeyer writes the key that follows key in the map's order; the first one when key is nil or absent; ENOENT,
// with next untouched, behind the last.
type NextKeyer interface {
	NextKey(t *Task, key, next []byte) abi.Errno
}

// LookupAndDeleter removes a key and copies the value it had, as one atomic operation.
type LookupAndDeleter interface {
	LookupAndDelete(t *Task, key, value []byte) abi.Errno
}

// Sequence is a queue or a stack. Push takes flags of MapUpdateElem; Pop and Peek answer ENOENT when empty.
type Sequence interface {
	Push(t *Task, value []byte, flags uint64) abi.Errno
	Pop(t *Task, value []byte) abi.Errno
	Peek(t *Task, value []byte) abi.Errno
}

// Filter is a Bloom filter: a set that may take a value for one of its own that is not.
type Filter interface {
	// Push takes flags of MapUpdateElem.
	Push(t *Task, value []byte, flags uint64) abi.Errno
	// Test answers OK for a value that is in the set, and may for others; else ENOENT.
	Test(t *Task, value []byte) abi.Errno
}

// FirstDrainer is a map other than a hash table whose elements can leave it in the same atomic step in which somebody
// else takes them over.
type FirstDrainer interface {
	// TakeFirst copies the first element of the map's order and removes it if consumer takes it. It reports whether there
	// was one.
	TakeFirst(t *Task, key, value []byte, consumer Consumer) bool
}

// Buckets is a hash table whose buckets can be read whole, which is what the batch commands of hash types walk.
type Buckets interface {
	// Buckets is the number of buckets, a power of two.
	Buckets() uint32
	// NextBucket is the first bucket at or behind from that holds an element, or Buckets() when there is none.
	NextBucket(t *Task, from uint32) uint32
	// ReadBucket copies the elements of bucket b in list order, keys and values packed, in one atomic step, and
	// returns their number. When they do not fit in both slices it copies nothing and still returns the number.
	// With remove, the elements that were copied also leave the map in that step.
	ReadBucket(t *Task, b uint32, keys, values []byte, remove bool) int
}

// Hasher is a map whose whole contents info can hash (ARRAY; info.hash, new in Linux 6.18).
type Hasher interface {
	Hash() [32]byte
}

// Evicter is a map that evicts keys by itself (LRU_HASH). OnEvict has f called with each key as it goes; it is set before
// the map is used, and f keeps neither slice nor task.
type Evicter interface {
	OnEvict(f func(t *Task, key []byte))
}

// LiveLookuper finds a value as a BPF program's bpf_map_lookup_elem does, which counts as a use in an LRU map, and
// reports whether it is there.
type LiveLookuper interface {
	LookupLive(t *Task, key []byte) (Live, bool)
}

// Live is the memory of a value itself, not a copy. It stays the same memory when the element is deleted, and another
// key's value when that is reused, as in a program that holds on to its pointer. Words are 8 bytes, counted from 0,
// little-endian; the last one may be shorter. Each method is one step.
//
// It is for one goroutine or for tasks under a Scheduler: no lock stands between it and other goroutines.
type Live interface {
	Load(t *Task, word int) uint64
	Store(t *Task, word int, v uint64)
	// Add adds to a word in one atomic step, as BPF_ATOMIC does, and returns what it was.
	Add(t *Task, word int, delta uint64) uint64
}

// Waited is a map that processes wait for with poll(2) and its like.
type Waited interface {
	// Polls is the event that they wait for: abi.PollIn or abi.PollOut.
	Polls() abi.PollEvents
	// Ready tells whether it is there.
	Ready() bool
	// OnWake has f called at each wake-up of those who wait; it is set before the map is used, and f does not block.
	OnWake(f func())
}

// Ring is a RINGBUF as BPF programs fill it, with the helpers that have these names, and as a process empties it.
type Ring interface {
	Map
	Reserve(t *Task, size, flags uint64) *Record
	Output(t *Task, data []byte, flags uint64) abi.Errno
	Query(t *Task, what uint64) uint64
	Consume(t *Task, each func(data []byte)) int
}

// UserRing is a USER_RINGBUF as BPF programs drain it, and as a process fills it.
type UserRing interface {
	Map
	Drain(t *Task, each func(sample []byte) (stop bool), flags uint64) (int, abi.Errno)
	Produce(t *Task, data []byte) abi.Errno
}
