package client

import (
	"testing"

	"github.com/bpfsim/bpfsim/bpftest"
	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/link"
	"github.com/cilium/ebpf/perf"
	"github.com/stretchr/testify/require"
)

// end is the end of a test that only notes what is said of it.
func (c *complaints) end() {
	for i := range c.cleanups {
		c.cleanups[len(c.cleanups)-1-i]()
	}
}

// returning is a program that does nothing.
func returning(t testing.TB, spec ebpf.ProgramSpec) *ebpf.Program {
	t.Helper()
	spec.License, spec.Instructions = "GPL", asm.Instructions{asm.LoadImm(asm.R0, 0, asm.DWord), asm.Return()}
	p, err := ebpf.NewProgram(&spec)
	require.NoError(t, err)
	return p
}

// A reader has an event for each CPU, all made in one line.
func TestLeakedPerfReader(t *testing.T) {
	c := &complaints{TB: t}
	bpftest.Kernel(c)
	m, err := ebpf.NewMap(&ebpf.MapSpec{Name: "samples", Type: ebpf.PerfEventArray})
	require.NoError(t, err)
	reader, err := perf.NewReader(m, 4096)
	require.NoError(t, err)
	require.NoError(t, m.Close())
	c.end()
	require.NoError(t, reader.Close())
	require.Len(t, c.said, 2)
	require.Regexp(t, `perf event \(the buffer of a PERF_EVENT_ARRAY, 4 times\), made at \S+/leak_test.go:\d+,`, c.said[0])
	require.Regexp(t, `map "samples"`, c.said[1])
}

// The event of a link goes with it, and is not named besides.
func TestLeakedProbe(t *testing.T) {
	c := &complaints{TB: t}
	bpftest.Kernel(c)
	p := returning(t, ebpf.ProgramSpec{Name: "probe", Type: ebpf.Kprobe})
	probe, err := link.Kprobe("vprintk", p, nil)
	require.NoError(t, err)
	require.NoError(t, p.Close())
	c.end()
	require.NoError(t, probe.Close())
	require.Len(t, c.said, 2)
	require.Regexp(t, `link \(PERF_EVENT of program "probe", id \d+\), made at \S+/leak_test.go:\d+,`, c.said[0])
	require.Regexp(t, `program "probe"`, c.said[1])

	bpftest.Kernel(t) // what is closed is no leak
}

func TestLeakedIterator(t *testing.T) {
	c := &complaints{TB: t}
	bpftest.Kernel(c)
	p := returning(t, ebpf.ProgramSpec{Name: "walk", Type: ebpf.Tracing, AttachType: ebpf.AttachTraceIter, AttachTo: "bpf_map"})
	l, err := link.AttachIter(link.IterOptions{Program: p})
	require.NoError(t, err)
	file, err := l.Open()
	require.NoError(t, err)
	require.NoError(t, l.Close())
	require.NoError(t, p.Close())
	c.end()
	require.NoError(t, file.Close())
	require.NotEmpty(t, c.said)
	require.Regexp(t, `iterator of program "walk", made at \S+/leak_test.go:\d+,`, c.said[0])
}
