package proptest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
	"github.com/bpfsim/bpfsim/syscall"
)

// mutant is bpfsim with one deliberate bug.
type mutant struct {
	*Sim
	// call makes the call wrongly; nil means rightly.
	call func(k *Sim, cpu int, c Call, during func(int)) Outcome
	// start changes the machine, nil means not at all.
	start func(m Machine) Machine
}

func (k mutant) Start(m Machine) error {
	if k.start != nil {
		m = k.start(m)
	}
	return k.Sim.Start(m)
}

func (k mutant) Bpf(cpu int, c Call, during func(int)) Outcome {
	if k.call == nil {
		return k.Sim.Bpf(cpu, c, during)
	}
	return k.call(k.Sim, cpu, c, during)
}

func (k *Sim) attrOf(c Call) attr {
	b := make([]byte, abi.AttrSize)
	k.arena.Read(b[:min(c.Size, abi.AttrSize)], c.Attr)
	return attr{b}
}

func (a attr) get(offset, size int) uint64 { return word(a.bytes[offset : offset+size]) }

// mapOf is the map behind the fd at an offset of attr.
func (k *Sim) mapOf(c Call, offset int) *bpfsys.Map {
	file, _ := k.files.Get(int32(k.attrOf(c).get(offset, 4)))
	if file == nil {
		return nil
	}
	return file.Map()
}

// elementsOf are the elements of a hash type behind map_fd, nil for other types.
func (k *Sim) elementsOf(c Call) maps.Buckets {
	m := k.mapOf(c, abi.ElemMapFD)
	if m == nil {
		return nil
	}
	b, _ := m.Elements().(maps.Buckets)
	return b
}

func (k *Sim) keyOf(c Call, size uint32) []byte {
	key := make([]byte, size)
	k.arena.Read(key, k.attrOf(c).get(abi.ElemKey, 8))
	return key
}

// instead answers with another errno where match holds.
func instead(match func(k *Sim, c Call, o Outcome) bool, errno abi.Errno) func(*Sim, int, Call, func(int)) Outcome {
	return func(k *Sim, cpu int, c Call, during func(int)) Outcome {
		o := k.Bpf(cpu, c, during)
		if match(k, c, o) {
			return Outcome{Errno: errno}
		}
		return o
	}
}

func when(cmd abi.Cmd, errno abi.Errno) func(*Sim, Call, Outcome) bool {
	return func(_ *Sim, c Call, o Outcome) bool { return c.Cmd == cmd && o.Errno == errno }
}

// afterwards does something more once a command has succeeded.
func afterwards(cmd abi.Cmd, errno abi.Errno, wrong func(k *Sim, cpu int, c Call)) func(*Sim, int, Call, func(int)) Outcome {
	return func(k *Sim, cpu int, c Call, during func(int)) Outcome {
		o := k.Bpf(cpu, c, during)
		if c.Cmd == cmd && o.Errno == errno {
			wrong(k, cpu, c)
		}
		return o
	}
}

// poke adds delta to the word at an address, which must be writable.
func (k *Sim) poke(addr uint64, delta int) {
	if b := k.arena.span(addr, 4, toWrite); len(b) == 4 {
		putWord(b, word(b)+uint64(delta))
	}
}

// wrongMemory is user memory with a bug.
type wrongMemory struct {
	*Arena
	write func(a *Arena, addr uint64, p []byte) int
}

func (m wrongMemory) Write(addr uint64, p []byte) int { return m.write(m.Arena, addr, p) }

// withMemory makes calls over wrong memory.
func withMemory(write func(a *Arena, addr uint64, p []byte) int) func(*Sim, int, Call, func(int)) Outcome {
	return func(k *Sim, cpu int, c Call, during func(int)) Outcome {
		k.proc.Mem = wrongMemory{k.arena, write}
		return k.Bpf(cpu, c, during)
	}
}

// mutantPrograms is the number of programs of mutantSeed within which each bug must be found.
const (
	mutantSeed     = 7
	mutantPrograms = 300
)

func TestMutantsAgainstModel(t *testing.T) {
	for name, m := range mutants {
		t.Run(name, func(t *testing.T) {
			m.Sim = NewSim()
			requireFound(t, 2, m)
		})
	}
}

func TestMutantsAgainstLinux(t *testing.T) {
	k := OpenLinux(t)
	for name, m := range mutants {
		t.Run(name, func(t *testing.T) {
			m.Sim = NewSim()
			requireFound(t, PossibleCPUs(), k, m)
		})
	}
}

// Without a bug the same programs find nothing.
func TestNoMutant(t *testing.T) {
	r, err := Campaign(t.Context(), Options{Seed: mutantSeed, Ops: mutantPrograms * programSteps, CPUs: 2, Kernels: []Kernel{NewSim()}})
	require.NoError(t, err)
	require.Empty(t, r.Mismatches)
}

// requireFound runs programs until a mismatch turns up.
func requireFound(t *testing.T, cpus int, kernels ...Kernel) {
	t.Helper()
	r, err := Campaign(t.Context(), Options{Seed: mutantSeed, Ops: mutantPrograms * programSteps, CPUs: cpus, Kernels: kernels})
	require.NoError(t, err)
	require.Len(t, r.Mismatches, 1, "not found in %d programs", r.Programs)
	require.LessOrEqual(t, len(r.Mismatches[0].Program.Steps), programSteps/6, "not shrunk\n%s", r.Mismatches[0])
	t.Logf("found by program %d\n%s", r.Programs, r.Mismatches[0])
}
