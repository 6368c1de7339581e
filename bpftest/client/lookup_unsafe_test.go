package client

import (
	"testing"
	"unsafe"

	"github.com/bpfsim/bpfsim/bpftest"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// BenchmarkLookup is a lookup through ebpf.Map. It costs what the road to the kernel costs:
//
//	bpfsim test -bench Lookup -benchmem -run '^$'          # patched
//	go test -bench Lookup -benchmem -run '^$'              # notified
//	BPFSIM_ROAD=host go test -bench Lookup -run '^$'  # the kernel, as root
func BenchmarkLookup(b *testing.B) {
	m := flows(b, 1000)
	key, value := uint32(7), uint64(0)
	b.Run("values", func(b *testing.B) { each(b, func() error { return m.Lookup(&key, &value) }) })
	b.Run("pointers", func(b *testing.B) {
		each(b, func() error { return m.Lookup(unsafe.Pointer(&key), unsafe.Pointer(&value)) })
	})
}

// each reports the processor's time besides the clock's, for machines that are busy.
func each(b *testing.B, call func() error) {
	b.ReportAllocs()
	before := used()
	for b.Loop() {
		if err := call(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(used()-before)/float64(b.N), "cpu-ns/op")
}

// used is the processor's time that this process has taken, in ns.
func used() int64 {
	var u unix.Rusage
	_ = unix.Getrusage(unix.RUSAGE_SELF, &u)
	return u.Utime.Nano() + u.Stime.Nano()
}

// The library itself allocates for a lookup of values, and nothing for one of pointers; nor do we.
func TestLookupAllocates(t *testing.T) {
	if raceDetector {
		t.Skip("its pools forget on purpose")
	}
	bpftest.Kernel(t)
	m := flows(t, 10)
	key, value := new(uint32), new(uint64)
	lookup := func() { require.NoError(t, m.Lookup(unsafe.Pointer(key), unsafe.Pointer(value))) }
	require.Zero(t, testing.AllocsPerRun(1000, lookup))
}
