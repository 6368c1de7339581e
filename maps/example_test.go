package maps_test

import (
	"fmt"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
)

// A full LRU_HASH evicts the least recently inserted key.
func Example() {
	spec := maps.Spec{
		Type: abi.LRUHash, KeySize: 1, ValueSize: 1, MaxEntries: 2, Flags: abi.FlagZeroSeed, CPUs: 1,
	}
	m, errno := maps.New(spec)
	fmt.Println("create:", errno)

	task := &maps.Task{CPU: 0}
	for _, key := range []string{"a", "b", "c"} {
		errno = m.(maps.Updater).Update(task, []byte(key), []byte("1"), abi.Any)
		fmt.Println("update", key, errno)
	}
	value := make([]byte, 1)
	for _, key := range []string{"a", "b", "c"} {
		errno = m.(maps.Lookuper).Lookup(task, []byte(key), value)
		fmt.Println("lookup", key, errno)
	}

	// Output:
	// create: OK
	// update a OK
	// update b OK
	// update c OK
	// lookup a ENOENT
	// lookup b OK
	// lookup c OK
}
