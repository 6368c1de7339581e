package bpfsys

// MapDump copies as many elements as fit to Buf, key and value packed, starting behind the key at PrevKey (0: the
// first). BufLen is the address of a 32-bit number: in, bytes of room; out, bytes filled. PrevKey, where given,
// receives the key to go on from.
type MapDump struct {
	FD      int32  `attr:"map_fd"`
	PrevKey uint64 `attr:"prev_key"`
	Buf     uint64 `attr:"buf"`
	BufLen  uint64 `attr:"buf_len"`
}

// MapDumpJuly is MapDump in the layout of 24 July 2019, which has room for flags. Under abi.DumpBucket it copies whole
// buckets, each in one atomic step, and goes on behind the bucket of the key at PrevKey whether or not that is still
// in the map; ENOSPC when the first bucket does not fit.
type MapDumpJuly struct {
	PrevKey uint64 `attr:"prev_key"`
	Buf     uint64 `attr:"buf"`
	BufLen  uint64 `attr:"buf_len"`
	Flags   uint64 `attr:"flags"`
	FD      int32  `attr:"map_fd"`
}

// MapDumpAndDelete is MapDumpJuly that also removes what it copies, each element (under abi.DumpBucket each bucket) in
// the step in which it enters Buf. It starts at the first element; PrevKey only receives the last key copied.
type MapDumpAndDelete MapDumpJuly
