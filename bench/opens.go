package bench

import (
	"os"
	"slices"
	"sync/atomic"
	"time"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/kernel"
	bpfsys "github.com/bpfsim/bpfsim/syscall"
)

// opened is what the client measures of files: medians in ns, the median ratio of the turns, and the waits in ms
// beside another thread's long batches.
type opened struct{ Reading, Base, Ratio, Writing, Tail, Worst float64 }

// opens is a loop that opens and closes a file.
func opens(path string, how int) func(n int) {
	return func(n int) {
		for range n {
			if err := openClose(path, how); err != nil {
				panic(err)
			}
		}
	}
}

// measureOpens compares opens that bpfsim is told of with opens that it is not told of plus an empty notification.
func measureOpens(empty func(n int)) (got opened, err error) {
	file, err := os.CreateTemp("", "bpfsim-bench")
	if err != nil {
		return got, err
	}
	defer os.Remove(file.Name())
	defer file.Close()
	reading, writing := opens(file.Name(), forReading), opens(file.Name(), forWriting)
	var told, untold, base, ratios []float64
	for range 21 {
		told, untold = append(told, passed(reading)), append(untold, passed(writing))
		base = append(base, untold[len(untold)-1]+passed(empty))
		ratios = append(ratios, base[len(base)-1]/told[len(told)-1])
	}
	got = opened{Reading: median(told), Writing: median(untold), Base: median(base), Ratio: median(ratios)}
	got.Tail, got.Worst, err = waits(func() { reading(1) })
	return got, err
}

// batchSize is how many elements a long call has.
const batchSize = 300_000

// waits are the 99.9th percentile and the maximum of how long do takes, in ms, beside batches of updates.
func waits(do func()) (tail, worst float64, err error) {
	k, err := kernel.OpenRaw(4 << 20)
	if err != nil {
		return 0, 0, err
	}
	defer k.Close()
	var stop atomic.Bool
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for batch := updates(k); !stop.Load(); {
			batch()
		}
	}()
	var all []float64
	for start := time.Now(); time.Since(start) < 2*time.Second; {
		before := time.Now()
		do()
		all = append(all, float64(time.Since(before))/1e6)
	}
	stop.Store(true)
	<-ended
	slices.Sort(all)
	return all[len(all)*999/1000], all[len(all)-1], nil
}

// updates is an UPDATE_BATCH of many elements.
func updates(k *kernel.Raw) func() {
	at, attr := k.Alloc(abi.AttrSize)
	encode := func(args bpfsys.Args) {
		raw := args.Encode()
		copy(attr, raw[:])
	}
	encode(bpfsys.MapCreate{Type: abi.Hash, KeySize: 4, ValueSize: 8, MaxEntries: batchSize})
	fd, errno := k.Bpf(abi.MapCreate, at, abi.AttrSize)
	must(errno, abi.OK)
	keys, raw := k.Alloc(4 * batchSize)
	for i := range uint32(batchSize) {
		putUint32(raw[4*i:], int(i))
	}
	values, _ := k.Alloc(8 * batchSize)
	return func() {
		encode(bpfsys.MapUpdateBatch{FD: fd, Keys: keys, Values: values, Count: batchSize})
		_, errno := k.Bpf(abi.MapUpdateBatch, at, abi.AttrSize)
		must(errno, abi.OK)
	}
}

// openRows shows what the client measured of files, and of opens that are let through what they cost without bpfsim.
func openRows(s *session, got opened, failed error) {
	rows := []Row{
		{What: "open and close under bpfsim run", Unit: "ns", Rival: "untold + empty notification", Floor: 1 / 1.5,
			Ours: got.Reading, Theirs: got.Base, Ratio: got.Ratio},
		{What: "open for writing under bpfsim run", Unit: "ns", Rival: "Linux", Ours: got.Writing, Theirs: nativeOpen()},
		{What: "open beside UPDATE_BATCH, 99.9 %", Unit: "ms", Rival: "bound", Ours: got.Tail, Theirs: longestWait},
		{What: "open beside UPDATE_BATCH, longest", Unit: "ms", Rival: "bound", Ours: got.Worst, Theirs: longestWait},
	}
	for _, line := range rows {
		if failed != nil {
			line.Skipped = failed.Error()
		} else if line.Ratio == 0 {
			line.Ratio = line.Theirs / max(line.Ours, 1e-9)
		}
		s.add(line)
	}
}

// longestWait is how long one program may wait behind another's call, in ms.
const longestWait = 50

// nativeOpen is an open and close of a file of this process, which has no filter, in ns; 0 where there is no file.
func nativeOpen() float64 {
	file, err := os.CreateTemp("", "bpfsim-bench")
	if err != nil {
		return 0
	}
	defer os.Remove(file.Name())
	defer file.Close()
	var all []float64
	for range 21 {
		all = append(all, passed(opens(file.Name(), forWriting)))
	}
	return median(all)
}
