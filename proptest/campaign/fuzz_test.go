package campaign_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/campaign"
	"github.com/bpfsim/bpfsim/proptest/generator"
	"github.com/bpfsim/bpfsim/proptest/kernel"
	"github.com/bpfsim/bpfsim/proptest/program"
)

// Everything that the targets need is in this file: oss-fuzz/build.sh builds it without the other tests.

// requireLegal runs p and fails with the first result that the model forbids.
func requireLegal(t require.TestingT, p program.Program, k kernel.Kernel) {
	m, err := campaign.Compare(p, k)
	require.NoError(t, err)
	if m != nil {
		require.FailNow(t, m.String())
	}
}

// furnished begins a program with a map of each type, some elements in them, and an fd that is no bpf object.
const furnished = `machine cpus=2 bpf=true sysadmin=true
cpu0 BPF_MAP_CREATE @0 size=72 { map_type=1 key_size=4 value_size=8 max_entries=4 map_flags=0x40 } -> 500
cpu0 BPF_MAP_CREATE @0 size=72 { map_type=9 key_size=4 value_size=8 max_entries=4 map_flags=0x40 } -> 501
cpu0 BPF_MAP_CREATE @0 size=72 { map_type=2 key_size=4 value_size=8 max_entries=4 } -> 502
cpu0 BPF_MAP_CREATE @0 size=72 { map_type=22 value_size=8 max_entries=4 } -> 503
cpu0 BPF_MAP_CREATE @0 size=72 { map_type=23 value_size=8 max_entries=4 } -> 504
cpu0 BPF_MAP_CREATE @0 size=72 { map_type=5 key_size=4 value_size=5 max_entries=4 map_flags=0x40 } -> 506
cpu0 BPF_MAP_CREATE @0 size=72 { map_type=6 key_size=4 value_size=5 max_entries=4 } -> 507
cpu0 BPF_MAP_CREATE @0 size=72 { map_type=10 key_size=4 value_size=5 max_entries=4 map_flags=0x40 } -> 508
cpu0 foreign fd=505
cpu0 BPF_MAP_UPDATE_BATCH @0 size=56 { keys=@1000 values=@3000 count=3 map_fd=500 } @1000=010000000200000003000000
cpu0 BPF_MAP_UPDATE_BATCH @0 size=56 { keys=@1000 values=@3000 count=3 map_fd=501 }
cpu0 BPF_MAP_UPDATE_BATCH @0 size=56 { keys=@1000 values=@3000 count=3 map_fd=506 }
cpu0 BPF_MAP_UPDATE_BATCH @0 size=56 { keys=@1000 values=@3000 count=3 map_fd=508 }
cpu0 BPF_MAP_UPDATE_ELEM @0 size=32 { map_fd=503 value=@3000 }
cpu0 BPF_MAP_UPDATE_ELEM @0 size=32 { map_fd=504 value=@3000 }
cpu0 BPF_OBJ_PIN @0 size=16 { pathname=@a00 bpf_fd=500 } @a00=2f7379732f66732f6270662f6100
`

// FuzzCall makes any call, twice, on a furnished machine: whatever it is, nothing panics and the model allows the answer.
func FuzzCall(f *testing.F) {
	base, err := program.Parse(furnished)
	require.NoError(f, err)
	for _, s := range base.Steps {
		if c, ok := s.Action.(*program.Call); ok {
			f.Add(uint32(c.Cmd), c.Size, c.Attr-program.Base, c.Contents, uint64(0x400), []byte{1, 0, 0, 0})
		}
	}
	f.Add(uint32(abi.MapDump), uint32(32), uint64(0), make([]byte, 32), uint64(0x1ff0), []byte{0xff, 0xff})
	for _, cmd := range []abi.Cmd{abi.MapDumpJuly, abi.MapDumpAndDelete} {
		f.Add(uint32(cmd), uint32(36), uint64(0), make([]byte, 36), uint64(0), []byte{0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10})
	}
	k := kernel.NewSim()
	f.Fuzz(func(t *testing.T, cmd, size uint32, at uint64, contents []byte, where uint64, bytes []byte) {
		call := &program.Call{
			Cmd: abi.Cmd(cmd), Attr: program.Base + at, Size: size, Contents: contents,
			Memory: []program.Write{{Addr: program.Base + where, Bytes: bytes}}, As: program.FirstFD + 9,
		}
		p := base
		p.Steps = append(p.Steps[:len(p.Steps):len(p.Steps)], program.Step{Action: call}, program.Step{CPU: 1, Action: call})
		requireLegal(t, p, k)
	})
}

// FuzzProgram lets the fuzzer make rapid's choices.
func FuzzProgram(f *testing.F) {
	k := kernel.NewSim()
	programs := generator.Programs(program.Machine{CPUs: 2, BPF: true, SysAdmin: true}, []int{0, 1})
	f.Fuzz(rapid.MakeFuzz(func(t *rapid.T) { requireLegal(t, programs.Draw(t, "program"), k) }))
}

// FuzzParse: whatever text is a program prints as a text that is the same program.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/*.txt")
	require.NoError(f, err)
	for _, name := range files {
		text, err := os.ReadFile(name)
		require.NoError(f, err)
		f.Add(string(text))
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := program.Parse(text)
		if err != nil {
			return
		}
		again, err := program.Parse(p.String())
		require.NoError(t, err)
		require.Equal(t, p.String(), again.String())
	})
}
