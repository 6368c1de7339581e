package campaign_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/campaign"
	"github.com/bpfsim/bpfsim/proptest/kernel"
	bpfsys "github.com/bpfsim/bpfsim/syscall"
)

// BenchmarkPrograms runs random programs on bpfsim and the model, with and without the running kernel.
func BenchmarkPrograms(b *testing.B) {
	run := func(name string, kernels ...kernel.Kernel) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			programs := 0
			for b.Loop() {
				report, err := campaign.Run(b.Context(), campaign.Options{Seed: 1, Ops: 1000, Kernels: kernels})
				require.NoError(b, err)
				programs += report.Programs
			}
			b.ReportMetric(float64(programs)/b.Elapsed().Seconds(), "programs/s")
		})
	}
	run("bpfsim", kernel.NewSim())
	linux, err := kernel.NewLinux()
	if err != nil {
		b.Skip("no kernel to compare with:", err)
	}
	defer linux.Close()
	run("Linux", linux, kernel.NewSim())
}

// BenchmarkLookup is the real system call beside bpfsim's, on a map with one element.
func BenchmarkLookup(b *testing.B) {
	caller := bpfsys.NewCaller(bpfsys.NewKernel(bpfsys.Options{}))
	benchLookup(b, "bpfsim", caller.Arena.Alloc, func(cmd abi.Cmd, attr uint64, size uint32) (int32, abi.Errno) {
		return caller.Kernel.Bpf(caller.Task, caller.Process, uint32(cmd), attr, size)
	}, func(addr uint64, p []byte) { caller.Arena.Write(addr, p) })
	raw, err := kernel.OpenRaw(1 << 16)
	if err != nil {
		b.Skip("no kernel to compare with:", err)
	}
	defer raw.Close()
	memory := map[uint64][]byte{}
	alloc := func(n int) uint64 {
		addr, bytes := raw.Alloc(n)
		memory[addr] = bytes
		return addr
	}
	benchLookup(b, "Linux", alloc, raw.Bpf, func(addr uint64, p []byte) { copy(memory[addr], p) })
}

func benchLookup(
	b *testing.B, name string, alloc func(int) uint64, bpf func(abi.Cmd, uint64, uint32) (int32, abi.Errno),
	write func(uint64, []byte),
) {
	do := func(args bpfsys.Args) func() int32 {
		attr, addr := args.Encode(), alloc(abi.AttrSize)
		write(addr, attr[:])
		return func() int32 {
			ret, errno := bpf(args.Cmd(), addr, 32)
			if errno != abi.OK {
				b.Fatal(errno)
			}
			return ret
		}
	}
	b.Run(name, func(b *testing.B) {
		fd := do(bpfsys.MapCreate{Type: abi.Hash, KeySize: 4, ValueSize: 8, MaxEntries: 1})()
		elem := bpfsys.MapLookupElem{FD: fd, Key: alloc(4), Value: alloc(8)}
		do(bpfsys.MapUpdateElem(elem))()
		lookup := do(elem)
		b.ReportAllocs()
		for b.Loop() {
			lookup()
		}
	})
}
