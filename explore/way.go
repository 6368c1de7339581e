package explore

import (
	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/model"
)

// Way is a way of reading a whole map.
type Way struct {
	Name string
	Doc  string
	// Types are the map types that it reads.
	Types []abi.MapType
	// Removes reports that it takes what it returns out of the map.
	Removes bool
	// Kernel reports that Linux has the commands it uses.
	Kernel bool

	// keyByKey tells that it looks for a next key and then gets its value, so that others can come in between.
	keyByKey bool

	step   func(w *walker) (call model.WalkCall, done bool)
	cursor cursorKind
}

// cursorKind is what the next call of a walk of a hash table is told to go on from.
type cursorKind uint8

const (
	keyCursor    cursorKind = iota // a key that was returned
	bucketCursor                   // a bucket's number
	noCursor                       // nothing: it starts at the first element
)

var (
	hashTypes   = []abi.MapType{abi.Hash, abi.LRUHash, abi.PerCPUHash, abi.LRUPerCPUHash}
	walkedTypes = []abi.MapType{abi.Hash, abi.LRUHash, abi.Array, abi.PerCPUHash, abi.LRUPerCPUHash, abi.PerCPUArray, abi.LPMTrie}
)

// Types are the map types that can be walked.
func Types() []abi.MapType { return append([]abi.MapType(nil), walkedTypes...) }

// Ways are the ways of reading a whole map, in the order of the tables.
func Ways() []Way {
	return []Way{
		{
			Name: "next+lookup", Types: walkedTypes, Kernel: true, keyByKey: true, step: (*walker).nextLookup,
			Doc: "GET_NEXT_KEY and LOOKUP_ELEM, key by key",
		},
		{
			Name: "dump", Types: walkedTypes, keyByKey: true, step: (*walker).dumpRFC,
			Doc: "BPF_MAP_DUMP of RFC v3 (3 July 2019)",
		},
		{
			Name: "dump-july", Types: walkedTypes, keyByKey: true, step: (*walker).dumpJuly,
			Doc: "BPF_MAP_DUMP of 24 July 2019",
		},
		{
			Name: "dump-bucket", Types: hashTypes, step: (*walker).dumpBuckets,
			Doc: "BPF_MAP_DUMP with BPF_F_DUMP_BUCKET: whole buckets",
		},
		{
			Name: "dump-delete", Types: append([]abi.MapType{abi.LPMTrie}, hashTypes...), Removes: true, step: (*walker).dumpDelete, cursor: noCursor,
			Doc: "BPF_MAP_DUMP_AND_DELETE, until the map is empty",
		},
		{
			Name: "dump-delete-bucket", Types: hashTypes, Removes: true, step: (*walker).dumpDeleteBuckets, cursor: noCursor,
			Doc: "BPF_MAP_DUMP_AND_DELETE with BPF_F_DUMP_BUCKET",
		},
		{
			Name: "lookup-batch", Types: walkedTypes, Kernel: true, step: (*walker).lookupBatch, cursor: bucketCursor,
			Doc: "LOOKUP_BATCH",
		},
		{
			Name: "take-batch", Types: hashTypes, Removes: true, Kernel: true, step: (*walker).takeBatch, cursor: bucketCursor,
			Doc: "LOOKUP_AND_DELETE_BATCH",
		},
		{
			Name: "next+take", Types: hashTypes, Removes: true, Kernel: true, keyByKey: true, step: (*walker).nextTake,
			Doc: "GET_NEXT_KEY and LOOKUP_AND_DELETE_ELEM, key by key",
		},
	}
}

func wayNames() []string { return names(Ways()) }

func names(ways []Way) []string {
	var all []string
	for _, w := range ways {
		all = append(all, w.Name)
	}
	return all
}

// WayByName finds a way.
func WayByName(name string) (Way, bool) {
	for _, w := range Ways() {
		if w.Name == name {
			return w, true
		}
	}
	return Way{}, false
}
