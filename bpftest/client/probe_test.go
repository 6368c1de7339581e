package client

import (
	"testing"

	"github.com/bpfsim/bpfsim/bpftest"
	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/link"
	"github.com/stretchr/testify/require"
)

// The types of perf events that a loader reads in sysfs are those that the kernel of a test has, also where the host has no probes.
func TestProbes(t *testing.T) {
	bpftest.Kernel(t)
	program, err := ebpf.NewProgram(&ebpf.ProgramSpec{Name: "on_unlink", Type: ebpf.Kprobe, License: "GPL",
		Instructions: asm.Instructions{asm.LoadImm(asm.R0, 0, asm.DWord), asm.Return()}})
	require.NoError(t, err)
	defer program.Close()
	for _, attach := range []func(string, *ebpf.Program, *link.KprobeOptions) (link.Link, error){link.Kprobe, link.Kretprobe} {
		attached, err := attach("do_unlinkat", program, nil)
		require.NoError(t, err)
		require.NoError(t, attached.Close())
	}
}
