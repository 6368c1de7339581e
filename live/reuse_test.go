package live

import (
	"flag"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/explore"
)

var lookups = flag.Int("lookups", 10_000, "lookups of each case of the test of reused elements; a quarter with -short")

// The key that is looked up, and one in its bucket.
var looked, neighbour = crowded[0], crowded[4]

// reuse puts an element's memory to use again while it is read. Values of the key and of its neighbour differ in each byte.
type reuse struct {
	name   string
	do     func(d *caller, of func(char string) string)
	always bool // the key is there
}

var reuses = []reuse{
	{"the key and its neighbour in turns", func(d *caller, of func(string) string) {
		d.update(keyOf(looked), of("a"), abi.Any)
		d.delete(keyOf(looked))
		d.update(keyOf(neighbour), of("z"), abi.Any)
		d.delete(keyOf(neighbour))
	}, false},
	{"updates of both", func(d *caller, of func(string) string) {
		d.update(keyOf(neighbour), of("z"), abi.Any)
		d.update(keyOf(looked), of("a"), abi.Any)
		d.update(keyOf(looked), of("b"), abi.Any)
	}, true},
}

// A lookup copies a value without a lock. Linux gives an element's memory to the next one at once, so that the copy may be
// another key's value, or two halves, and an update may hide the key: counted here, whatever there is. bpfsim does none of it.
func TestLookupsOfReusedElements(t *testing.T) {
	onMachines(t, func(t *testing.T, m Machine) {
		for _, shape := range []explore.Shape{
			{Type: abi.Hash, Value: 8}, {Type: abi.Hash, Value: 1024},
			{Type: abi.Hash, Flags: abi.FlagNoPrealloc, Value: 8}, {Type: abi.Hash, Flags: abi.FlagNoPrealloc, Value: 1024},
			{Type: abi.LRUHash, Value: 8}, {Type: abi.LRUHash, Value: 1024},
		} {
			shape.Entries = 256
			for _, r := range reuses {
				seen := make(map[string]int)
				require.NoError(t, r.lookUp(m, shape, seen))
				t.Logf("%s: %s: %v", Case{Shape: shape}.shape(), r.name, seen)
				require.Equal(t, *lookups, seen["found"]+seen["absent"]+seen[missed]+seen[torn]+seen[foreign])
				require.True(t, m.Name() == "Linux" || seen[missed]+seen[torn]+seen[foreign] == 0)
			}
		}
	})
}

// lookUp counts what lookups on the first CPU see of what happens on the last one.
func (r reuse) lookUp(m Machine, shape explore.Shape, seen map[string]int) error {
	cpus := m.CPUs()
	return m.OnThread(cpus[0], func(system explore.System) error {
		fd, err := newMap(system, shape)
		if err != nil {
			return err
		}
		begun, stop, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
		go func() {
			ended <- m.OnThread(cpus[len(cpus)-1], func(system explore.System) error {
				r.work(newCaller(system, fd, shape), begun, stop)
				return nil
			})
		}()
		select {
		case <-begun:
		case err := <-ended: // there is no thread
			return err
		}
		d := newCaller(system, fd, shape)
		for range *lookups {
			seen[r.sight(d.lookup(keyOf(looked)))]++
		}
		close(stop)
		return <-ended
	})
}

func (r reuse) work(d *caller, begun, stop chan struct{}) {
	of := func(char string) string { return strings.Repeat(char, d.valueBytes) }
	r.do(d, of)
	close(begun)
	for {
		select {
		case <-stop:
			return
		default:
			r.do(d, of)
		}
	}
}

func (r reuse) sight(value string, errno abi.Errno) string {
	switch {
	case errno != abi.OK && r.always:
		return missed
	case errno != abi.OK:
		return "absent"
	case strings.Count(value, value[:1]) < len(value):
		return torn
	case value[:1] == "z":
		return foreign
	}
	return "found"
}
