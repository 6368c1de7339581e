package bpfsys

import (
	"strings"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/stretchr/testify/require"
)

// What Linux 6.18 answers to writes to uprobe_events, one after the other, and what it lists then.
func TestWriteUprobes(t *testing.T) {
	c := NewCaller(NewKernel(Options{}))
	long := strings.Repeat("n", 63)
	for _, row := range []struct {
		text string
		want abi.Errno
	}{
		{"p:h4/a /bin/sh:0x10", abi.OK}, {"p:h4/a /bin/sh:0x10", abi.EEXIST}, {"p:h4/a /bin/sh:0x20", abi.OK},
		{"r:h4/a /bin/sh:0x20", abi.EEXIST}, {"r:h4/b /bin/sh:0x10", abi.OK}, {"p:h4/c /bin/sh:0x10(0x4)", abi.EINVAL},
		{"p:h4/d /bin/sh", abi.EINVAL}, {"p:h4/d /bin/sh:zz", abi.EINVAL}, {"p:h4/d /bin/sh:0x1%return", abi.OK},
		{"r:h4/e /bin/sh:0x30(0x4", abi.EINVAL}, {"p:h4/f sh:0x1", abi.EINVAL}, {"x:h4/f /bin/sh:1", abi.EINVAL},
		{"p:h-4/f /bin/sh:1", abi.OK}, {"p:h4/1f /bin/sh:1", abi.EINVAL}, {"p: /bin/sh:1", abi.EINVAL}, {"p:/f /bin/sh:1", abi.EINVAL},
		{"p:h4/ /bin/sh:0x40", abi.OK}, {"p /bin/sh:0x50", abi.OK}, {"p:x /bin/sh:0x70", abi.OK}, {"r4:h4/g /bin/sh:0x1", abi.OK},
		{"p:h4/" + long + " /bin/sh:1", abi.OK}, {"p:h4/n" + long + " /bin/sh:1", abi.EINVAL}, {"p:h4/h", abi.EINVAL}, {"p", abi.EINVAL},
		{"", abi.OK}, {"#c\n", abi.OK}, {"p:h4/k /bin/sh:1\nbad\np:h4/l /bin/sh:1\n", abi.EINVAL}, {"p:h4/m /bin/sh:1 # c", abi.OK},
		{"-:h4/a", abi.OK}, {"-:h4/a", abi.ENOENT}, {"-:h4/", abi.OK}, {"-:x", abi.OK}, {"-:uprobes/", abi.OK}, {"-", abi.EINVAL},
		{"p:sched/sched_switch /bin/sh:1", abi.EEXIST}, {"-:sched/sched_switch", abi.ENOENT},
	} {
		require.Equal(t, row.want, c.Kernel.WriteProbes(c.Task, c.Process, true, row.text), row.text)
	}
	all := c.Kernel.TraceProbes()
	require.Len(t, all, 1)
	require.Equal(t, "p:h-4/f /bin/sh:0x0000000000000001\n", all[0].String())
}

// An event in use stays, and two places of one have one id.
func TestTraceProbeUse(t *testing.T) {
	c := NewCaller(NewKernel(Options{}))
	write := func(text string) abi.Errno { return c.Kernel.WriteProbes(c.Task, c.Process, false, text) }
	require.Equal(t, abi.OK, write("p:g/e first\np:g/e second+8"))
	all := c.Kernel.TraceProbes()
	require.Equal(t, all[0].ID, all[1].ID)
	e := &PerfEvent{kernel: c.Kernel}
	e.define(c.Kernel.probes.use(all[0].ID))
	require.True(t, e.IsKprobe())
	require.Equal(t, abi.EBUSY, write("-:g/e"))
	e.undefine()
	require.Equal(t, abi.OK, write("-:g/e"))
	require.Nil(t, c.Kernel.probes.use(all[0].ID))
}

// No text makes the kernel panic.
func FuzzWriteProbes(f *testing.F) {
	f.Add("p:g/e f+1\n-:g/e", false)
	f.Add("r:g/e /bin/sh:0x1(2)%return", true)
	f.Fuzz(func(t *testing.T, text string, user bool) {
		c := NewCaller(NewKernel(Options{}))
		_ = c.Kernel.WriteProbes(c.Task, c.Process, user, text)
		for _, p := range c.Kernel.TraceProbes() {
			require.NotEmpty(t, p.String())
		}
	})
}
