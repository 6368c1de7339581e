package campaign

import (
	stdmaps "maps"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
	"github.com/bpfsim/bpfsim/proptest/kernel"
	"github.com/bpfsim/bpfsim/proptest/program"
	"github.com/bpfsim/bpfsim/syscall"
)

// mutant is bpfsim with one deliberate bug.
type mutant struct {
	*kernel.Sim
	// call makes the call wrongly; nil means rightly.
	call func(k *kernel.Sim, cpu int, c program.Call, during func(int)) kernel.Outcome
	// maps changes a map that was made, nil means none.
	maps func(m maps.Map) maps.Map
	// start changes the machine, nil means not at all.
	start func(m program.Machine) program.Machine
	// told changes what fdinfo says, nil means not at all.
	told func(text string) string
	// unjudged bugs are in what the model does not know: only a comparison of kernels finds them.
	unjudged bool
}

func (k mutant) Start(m program.Machine) error {
	if k.start != nil {
		m = k.start(m)
	}
	if k.maps != nil {
		k.NewMap = func(spec maps.Spec) (maps.Map, abi.Errno) {
			made, errno := maps.New(spec)
			if errno == abi.OK {
				made = k.maps(made)
			}
			return made, errno
		}
	}
	return k.Sim.Start(m)
}

func (k mutant) Bpf(cpu int, c program.Call, during func(int)) kernel.Outcome {
	if k.call == nil {
		return k.Sim.Bpf(cpu, c, during)
	}
	return k.call(k.Sim, cpu, c, during)
}

func attrOf(k *kernel.Sim, c program.Call) program.Attr {
	b := make([]byte, abi.AttrSize)
	k.Arena().Read(b[:min(c.Size, abi.AttrSize)], c.Attr)
	return program.Attr{Bytes: b}
}

// mapOf is the map behind the fd at an offset of attr.
func mapOf(k *kernel.Sim, c program.Call, offset int) *bpfsys.Map {
	file, _ := k.Process().Files.Get(int32(attrOf(k, c).Field(offset, 4)))
	if file == nil {
		return nil
	}
	return file.Map()
}

// elementsOf are the elements of a hash type behind map_fd, nil for other types.
func elementsOf(k *kernel.Sim, c program.Call) maps.Buckets {
	m := mapOf(k, c, abi.ElemMapFD)
	if m == nil {
		return nil
	}
	b, _ := m.Elements().(maps.Buckets)
	return b
}

// instead answers with another errno where match holds.
func instead(match func(k *kernel.Sim, c program.Call, o kernel.Outcome) bool, errno abi.Errno) func(*kernel.Sim, int, program.Call, func(int)) kernel.Outcome {
	return func(k *kernel.Sim, cpu int, c program.Call, during func(int)) kernel.Outcome {
		o := k.Bpf(cpu, c, during)
		if match(k, c, o) {
			return kernel.Outcome{Errno: errno}
		}
		return o
	}
}

func when(cmd abi.Cmd, errno abi.Errno) func(*kernel.Sim, program.Call, kernel.Outcome) bool {
	return func(_ *kernel.Sim, c program.Call, o kernel.Outcome) bool { return c.Cmd == cmd && o.Errno == errno }
}

// afterwards does something more once a command has succeeded.
func afterwards(cmd abi.Cmd, errno abi.Errno, wrong func(k *kernel.Sim, cpu int, c program.Call)) func(*kernel.Sim, int, program.Call, func(int)) kernel.Outcome {
	return func(k *kernel.Sim, cpu int, c program.Call, during func(int)) kernel.Outcome {
		o := k.Bpf(cpu, c, during)
		if c.Cmd == cmd && o.Errno == errno {
			wrong(k, cpu, c)
		}
		return o
	}
}

// poke adds delta to the word at an address, which must be writable.
func poke(k *kernel.Sim, addr uint64, delta int) {
	if b := k.Arena().Span(addr, 4, program.ToWrite); len(b) == 4 {
		program.PutWord(b, program.Word(b)+uint64(delta))
	}
}

// wrongMemory is user memory with a bug.
type wrongMemory struct {
	*program.Arena
	write func(a *program.Arena, addr uint64, p []byte) int
}

func (m wrongMemory) Write(addr uint64, p []byte) int { return m.write(m.Arena, addr, p) }

// withMemory makes calls over wrong memory.
func withMemory(write func(a *program.Arena, addr uint64, p []byte) int) func(*kernel.Sim, int, program.Call, func(int)) kernel.Outcome {
	return func(k *kernel.Sim, cpu int, c program.Call, during func(int)) kernel.Outcome {
		k.Process().Mem = wrongMemory{k.Arena(), write}
		return k.Bpf(cpu, c, during)
	}
}

// mutantPrograms is the number of programs of mutantSeed within which each bug must be found.
const (
	mutantSeed     = 7
	mutantPrograms = 5000
)

func TestMutantsAgainstModel(t *testing.T) {
	for name, m := range mutants {
		t.Run(name, func(t *testing.T) {
			if m.unjudged {
				t.Skip("the model does not know it")
			}
			m.Sim = kernel.NewSim()
			requireFound(t, 2, m)
		})
	}
}

// mutantsShare is which share of the mutants is looked for with Linux: all take half an hour, most of it spent waiting for what Linux frees behind
// grace periods. BPFSIM_SEED chooses others, and TestMutantsAgainstModel has them all.
const mutantsShare = 8

func TestMutantsAgainstLinux(t *testing.T) {
	k := OpenLinux(t)
	seed, _ := strconv.Atoi(os.Getenv("BPFSIM_SEED"))
	for i, name := range slices.Sorted(stdmaps.Keys(mutants)) {
		if i%mutantsShare != seed%mutantsShare {
			continue
		}
		t.Run(name, func(t *testing.T) {
			m := mutants[name]
			m.Sim = kernel.NewSim()
			requireFound(t, kernel.PossibleCPUs(), k, m)
		})
	}
}

// Without a bug the same programs find nothing.
func TestNoMutant(t *testing.T) {
	r, err := Run(t.Context(), Options{Seed: mutantSeed, Ops: mutantPrograms * programSteps, CPUs: 2, Kernels: []kernel.Kernel{kernel.NewSim()}})
	require.NoError(t, err)
	require.Empty(t, r.Mismatches)
}

// requireFound runs programs until a mismatch turns up.
func requireFound(t *testing.T, cpus int, kernels ...kernel.Kernel) {
	t.Helper()
	r, err := Run(t.Context(), Options{Seed: mutantSeed, Ops: mutantPrograms * programSteps, CPUs: cpus, Kernels: kernels})
	require.NoError(t, err)
	require.Len(t, r.Mismatches, 1, "not found in %d programs", r.Programs)
	require.LessOrEqual(t, len(r.Mismatches[0].Program.Steps), programSteps/6, "not shrunk\n%s", r.Mismatches[0])
	t.Logf("found by program %d\n%s", r.Programs, r.Mismatches[0])
}
