package bench

import (
	"runtime"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/kernel"
	bpfsys "github.com/bpfsim/bpfsim/syscall"
)

// A nearly empty map: on Linux its buckets alone take 256 MiB.
const (
	sparseRoom    = 1 << 24
	sparseEntries = 10
)

// closer is a kernel whose fds can be closed.
type closer interface {
	system
	close(fd int32)
}

func (e emulated) close(fd int32) { e.Process.Files.(*bpfsys.FDTable).Close(fd) }

// real is the running Linux.
type real struct{ *kernel.Raw }

func (r real) close(fd int32) { r.CloseFD(fd) }

// sparse makes and walks nearly empty maps.
type sparse struct {
	closer
	create command
	made   []int32
	filled *hashMap
}

func newSparse(k closer) *sparse {
	return &sparse{closer: k, create: prepare(k, bpfsys.MapCreate{
		Type: abi.Hash, KeySize: 4, ValueSize: 8, MaxEntries: sparseRoom, Flags: abi.FlagNoPrealloc,
	})}
}

func (s *sparse) make(n int) {
	for range n {
		s.made = append(s.made, s.create.must(abi.OK))
	}
}

func (s *sparse) drop() {
	for _, fd := range s.made {
		s.close(fd)
	}
	s.made = s.made[:0]
}

func (s *sparse) fill() {
	s.filled = newHashMapIn(s, shape{sparseEntries, 4, 8}, s.create.must(abi.OK))
}

// walk finds all keys and the end, n times.
func (s *sparse) walk(n int) { s.filled.walk(n * (sparseEntries + 1)) }

// sparseRows measures what does not depend on what is in a map.
func sparseRows(s *session) {
	ours := newSparse(newEmulated())
	makers := []runner{{run: ours.make, reset: ours.drop, batch: 10}}
	var linux *sparse
	if s.linux != nil {
		s.linux.Reset()
		linux = newSparse(real{s.linux})
		makers = append(makers, runner{run: linux.make, reset: linux.drop, batch: 1})
	}
	what := shape{sparseEntries, 4, 8}
	s.versus(race(5, 0, makers...), 0, 1, none, goal{floor: 1000}, Row{What: "create a map of 2^24 slots", Rival: "Linux"}.of(what))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	ours.fill()
	runtime.ReadMemStats(&after)
	walkers := []runner{{run: ours.walk, batch: 100}}
	if linux != nil {
		linux.drop()
		linux.fill()
		walkers = append(walkers, runner{run: linux.walk, batch: 1})
	}
	s.versus(race(5, 0, walkers...), 0, 1, none, goal{floor: 500}, Row{What: "walk 10 entries in 2^24 slots", Rival: "Linux"}.of(what))
	s.bounded(Row{
		What: "memory of 10 entries in 2^24 slots", Unit: "KiB", Ours: float64(after.TotalAlloc-before.TotalAlloc) / 1024,
		Theirs: 4096,
	}.of(what))
}
