package live

import (
	"fmt"

	"github.com/anishathalye/porcupine"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/explore"
)

// subject is a map, what clients do to it, and what they should see.
type subject struct {
	shape explore.Shape
	verbs []string
	keys  []string
	order porcupine.Model
	// loose are the machines that do not keep to the order.
	loose []string
}

func (s subject) String() string {
	return fmt.Sprintf("%s: %s", Case{Shape: s.shape}.shape(), s.verbs)
}

// writes and reads are operations on elements. Updates alone leave a key where it is: no lookup may miss it.
var (
	writes = []string{"update", "insert", "replace", "delete", "take"}
	reads  = append([]string{"lookup", "lookup"}, writes...)
	finds  = []string{"update", "lookup"}
)

// subjects are those of the tests. On Linux a lookup takes no lock: while it goes through a bucket, an update moves the
// key to the bucket's front, behind its back (hashtab.c). bpfsim's goroutines lock a hash table's bucket. An array's value
// of more than a word is copied while it is written (arraymap.c), here as there.
func subjects() []subject {
	all := []subject{values(abi.Queue), values(abi.Stack)}
	for _, shape := range []explore.Shape{
		{Type: abi.Hash, Value: 8},
		{Type: abi.Hash, Value: 64},
		{Type: abi.Hash, Value: 8, Flags: abi.FlagNoPrealloc},
		{Type: abi.Hash, Value: 64, Flags: abi.FlagNoPrealloc},
		{Type: abi.LRUHash, Value: 64},
	} {
		all = append(all, elements(shape, writes),
			elements(shape, reads).butLoose("Linux"), elements(shape, finds).butLoose("Linux"))
	}
	word, line := explore.Shape{Type: abi.Array, Value: 8}, explore.Shape{Type: abi.Array, Value: 64}
	return append(all, elements(word, reads), elements(word, finds), elements(line, writes),
		elements(line, reads).butLoose("Linux", "bpfsim"), elements(line, finds).butLoose("Linux", "bpfsim"))
}

// elements are three keys of a map that has room for many more: E2BIG and evictions would depend on other keys.
func elements(shape explore.Shape, verbs []string) subject {
	shape.Entries = 256
	var keys []string
	for _, i := range []int{0, 4, 8} { // those of crowded share a bucket
		keys = append(keys, keyOf(keysOf(shape.Type)[i]))
	}
	return subject{shape: shape, verbs: verbs, keys: keys, order: element(shape.Type, shape.Value)}
}

// values are those of a queue or stack that is often full and often empty.
func values(kind abi.MapType) subject {
	shape := explore.Shape{Type: kind, Entries: 3, Value: 8}
	verbs := []string{"push", "push", "push over", "pop", "pop", "peek"}
	return subject{shape: shape, verbs: verbs, keys: []string{""}, order: sequence(kind, 3)}
}

func (s subject) butLoose(machines ...string) subject {
	s.loose = machines
	return s
}
