package kernelprogs_test

import (
	"encoding/binary"
	"runtime"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/explore"
	"github.com/bpfsim/bpfsim/maps"
	"github.com/bpfsim/bpfsim/proptest/kernel"
	"github.com/bpfsim/bpfsim/proptest/kernelprogs"
	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// lookupPart runs a program that returns the first 4 bytes of a CPU's part of key's value, or absent.
func lookupPart(t *testing.T, fd int, key uint32, cpu int) uint32 {
	t.Helper()
	program, err := ebpf.NewProgram(&ebpf.ProgramSpec{Type: ebpf.SocketFilter, License: "GPL", Instructions: asm.Instructions{
		asm.StoreImm(asm.RFP, keyOffset, int64(key), asm.Word),
		asm.LoadMapPtr(asm.R1, fd),
		asm.Mov.Reg(asm.R2, asm.RFP), asm.Add.Imm(asm.R2, keyOffset), asm.Mov.Imm(asm.R3, int32(cpu)),
		asm.FnMapLookupPercpuElem.Call(),
		asm.JEq.Imm(asm.R0, 0, "absent"),
		asm.LoadMem(asm.R0, asm.R0, 0, asm.Word), asm.Return(),
		asm.Mov.Imm(asm.R0, absent).WithSymbol("absent"), asm.Return(),
	}})
	require.NoError(t, err)
	defer program.Close()
	result, err := program.Run(&ebpf.RunOptions{Data: make([]byte, packetBytes)})
	require.NoError(t, err)
	return result
}

const absent = 0x7fff_0000

// onCPU runs f on a CPU.
func onCPU(t *testing.T, cpu int, f func()) {
	t.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var before, set unix.CPUSet
	require.NoError(t, unix.SchedGetaffinity(0, &before))
	set.Set(cpu)
	require.NoError(t, unix.SchedSetaffinity(0, &set))
	f()
	require.NoError(t, unix.SchedSetaffinity(0, &before))
}

// key's place on the stack and the least packet, as in assemble and run.
const (
	keyOffset   = -8
	packetBytes = 14
)

// pair is a map on Linux and the same one here.
type pair struct {
	linux *ebpf.Map
	ours  maps.Map
	spec  maps.Spec
}

func newPair(t *testing.T, spec maps.Spec) pair {
	t.Helper()
	linux, err := ebpf.NewMap(&ebpf.MapSpec{
		Type: ebpf.MapType(spec.Type), KeySize: spec.KeySize, ValueSize: spec.ValueSize, MaxEntries: spec.MaxEntries, Flags: spec.Flags,
	})
	require.NoError(t, err)
	t.Cleanup(func() { linux.Close() })
	ours, errno := maps.New(spec)
	require.Equal(t, abi.OK, errno)
	return pair{linux, ours, spec}
}

// update has a program do it, on both.
func (p pair) update(t *testing.T, cpu int, verb string, key uint32, value []byte) {
	t.Helper()
	var errno abi.Errno
	onCPU(t, cpu, func() {
		var err error
		errno, err = kernelprogs.Run(int32(p.linux.FD()), explore.Op{Verb: verb, Key: key}, binary.LittleEndian.AppendUint32(nil, key), value)
		require.NoError(t, err)
	})
	flags := map[string]uint64{"update": abi.Any, "insert": abi.NoExist}[verb]
	task := &maps.Task{CPU: cpu}
	require.Equal(t, errno, p.ours.(maps.PartUpdater).UpdatePart(task, binary.LittleEndian.AppendUint32(nil, key), value, flags))
}

// same compares all parts of a key, by system call and by programs.
func (p pair) same(t *testing.T, key uint32) {
	t.Helper()
	linux, err := p.linux.LookupBytes(key)
	require.NoError(t, err)
	text := binary.LittleEndian.AppendUint32(nil, key)
	value := make([]byte, p.ours.ValueBytes())
	errno := p.ours.(maps.Lookuper).Lookup(&maps.Task{}, text, value)
	require.Equal(t, linux == nil, errno == abi.ENOENT)
	if linux != nil {
		require.Equal(t, linux, value)
	}
	for cpu := range p.spec.CPUs + 1 {
		part := uint32(absent)
		if live, ok := p.ours.(maps.PartLookuper).LookupPart(&maps.Task{}, text, cpu); ok {
			part = uint32(live.Load(&maps.Task{}, 0))
		}
		require.Equal(t, lookupPart(t, p.linux.FD(), key, cpu), part, "CPU %d", cpu)
	}
}

// What a program's update leaves in the parts of all CPUs, and what programs find there.
func TestPerCPUPartsOnLinux(t *testing.T) {
	needKernel(t)
	cpus := kernel.PossibleCPUs()
	for _, spec := range []maps.Spec{
		{Type: abi.PerCPUHash}, {Type: abi.PerCPUHash, Flags: abi.FlagNoPrealloc}, {Type: abi.LRUPerCPUHash},
		{Type: abi.LRUPerCPUHash, Flags: abi.FlagNoCommonLRU}, {Type: abi.PerCPUArray},
	} {
		spec.KeySize, spec.ValueSize, spec.MaxEntries, spec.CPUs = 4, 16, 4, cpus
		t.Run(spec.Type.String(), func(t *testing.T) {
			p := newPair(t, spec)
			last := cpus - 1
			first, second := []byte("0123456789abcdef"), []byte("ghijklmnopqrstuv")
			p.same(t, 2)
			p.update(t, last, "insert", 2, first) // the other parts are zero, or there already
			p.same(t, 2)
			p.update(t, last, "update", 2, first)
			p.update(t, 0, "update", 2, second)
			p.same(t, 2)
			p.update(t, 0, "insert", 2, first)
			p.same(t, 2)
			require.NoError(t, p.linux.Update(uint32(3), perCPU(cpus, second), ebpf.UpdateAny))
			require.Equal(t, abi.OK, p.ours.(maps.Updater).Update(&maps.Task{}, []byte{3, 0, 0, 0}, all(cpus, second), abi.Any))
			p.update(t, last, "update", 3, first)
			p.same(t, 3)
			p.same(t, 9)
		})
	}
}

func perCPU(cpus int, value []byte) (parts [][]byte) {
	for range cpus {
		parts = append(parts, value)
	}
	return parts
}

func all(cpus int, value []byte) (joined []byte) {
	for _, part := range perCPU(cpus, value) {
		joined = append(joined, part...)
	}
	return joined
}
