package bench

import (
	"fmt"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/kernel"
	bpfsys "github.com/bpfsim/bpfsim/syscall"
)

// typeEntries is the number of elements in the maps of typeRows.
const typeEntries = 10_000

// typeOps are what all types with keys can do.
var typeOps = []struct {
	name string
	run  func(*hashMap, int)
}{{"lookup hit", (*hashMap).hit}, {"update", (*hashMap).set}, {"next key", (*hashMap).walk}}

// typeRows measures single elements of the types whose values have a part for each CPU, as many as this machine has.
func typeRows(s *session) {
	cpus := kernel.PossibleCPUs()
	for _, kind := range []abi.MapType{abi.PerCPUHash, abi.PerCPUArray, abi.LRUPerCPUHash} {
		ours := newPerCPU(newEmulatedOf(cpus), kind, cpus)
		var linux *hashMap
		if s.linux != nil {
			s.linux.Reset()
			linux = newPerCPU(s.linux, kind, cpus)
		}
		for _, op := range typeOps {
			runners := []runner{{name: "bpfsys", run: func(n int) { op.run(ours, n) }}}
			if linux != nil {
				runners = append(runners, runner{name: "Linux", run: func(n int) { op.run(linux, n) }})
			}
			what := fmt.Sprintf("%s: %s, key 4, value 8 on %d CPUs, bpfsys", kind, op.name, cpus)
			s.versus(s.race(runners...), 0, 1, Row{What: what, Rival: "Linux", Floor: 15}.of(ours.shape))
		}
	}
}

// newPerCPU makes a full map of a per-CPU type; its shape's values are as large as user space sees them.
func newPerCPU(k system, kind abi.MapType, cpus int) *hashMap {
	create := bpfsys.MapCreate{Type: kind, KeySize: 4, ValueSize: 8, MaxEntries: typeEntries}
	if kind == abi.LRUPerCPUHash {
		create.MaxEntries *= 2 // so that nothing is evicted
	}
	call := prepare(k, create)
	m := &hashMap{system: k, shape: shape{typeEntries, 4, 8 * cpus}, fd: call.must(abi.OK), order: newPermutation(typeEntries, 0)}
	m.prepare()
	m.refill()
	return m
}
