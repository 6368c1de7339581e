package program

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/abi"
)

// What a fuzzer may ask of a real kernel, and what it gets.
func TestLoadTames(t *testing.T) {
	all := Machine{CPUs: 1, BPF: true, SysAdmin: true}
	for name, c := range map[string]struct {
		machine    Machine
		step, want string
		cmd        abi.Cmd
	}{
		"pointer into the process": {
			all, "BPF_MAP_LOOKUP_ELEM @0 size=32 { map_fd=500 key=0xc000012345 }", "{ map_fd=500 key=@345 }", abi.MapLookupElem,
		},
		"pointer of the kernel": {
			all, "BPF_MAP_LOOKUP_ELEM @0 size=32 { map_fd=500 key=0xffff888000000000 }", "{ map_fd=500 key=0xffff888000000000 }", abi.MapLookupElem,
		},
		"fd of the process": {all, "BPF_MAP_FREEZE @0 size=4 { map_fd=7 }", "{ map_fd=507 }", abi.MapFreeze},
		"huge array": {
			all, "BPF_MAP_CREATE @0 size=16 { map_type=2 key_size=4 value_size=8 max_entries=4294967295 }",
			"{ map_type=2 key_size=4 value_size=8 max_entries=729443 }", abi.MapCreate,
		},
		"huge queue value": {
			all, "BPF_MAP_CREATE @0 size=16 { map_type=22 value_size=4194304 max_entries=1000 }",
			"{ map_type=22 value_size=4194304 max_entries=14 }", abi.MapCreate,
		},
		"refused before it is made": {
			all, "BPF_MAP_CREATE @0 size=16 { map_type=1 key_size=4 value_size=8 max_entries=134217729 }",
			"{ map_type=1 key_size=4 value_size=8 max_entries=134217729 }", abi.MapCreate,
		},
		"type that an older kernel has otherwise": {
			Machine{CPUs: 1, Without: []Feature{Programs}}, "BPF_MAP_CREATE @0 size=16 { map_type=26 key_size=4 value_size=8 max_entries=1 }",
			"{ map_type=60 key_size=4 value_size=8 max_entries=1 }", abi.MapCreate,
		},
		"instructions that nobody knows the verdict on": {
			all, "BPF_PROG_LOAD @0 size=16 { prog_type=1 insn_cnt=1 insns=@400 } @400=8500000001000000", "{ prog_type=1 insns=@400 }", abi.ProgLoad,
		},
		"a program at a function of the machine's": {
			all, "BPF_LINK_CREATE @0 size=16 { prog_fd=500 target_fd=1 attach_type=24 }", "{ prog_fd=500 target_fd=1 attach_type=82 }", abi.LinkCreate,
		},
		"a program at a device that is nobody's": {
			all, "BPF_LINK_CREATE @0 size=16 { prog_fd=500 target_fd=3 attach_type=37 }", "{ prog_fd=500 target_fd=503 attach_type=37 }", abi.LinkCreate,
		},
		"path outside bpffs":        {all, "BPF_OBJ_GET @0 size=16 { pathname=@a00 } @a00=2f657463", "{ pathname=@a00 }", abi.ObjGet},
		"command that bpfsim lacks": {all, "32 @0 size=8 { type=1 }", "{ +0=01 }", 70},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := Parse("machine cpus=1 bpf=true sysadmin=true\ncpu0 " + c.step)
			require.NoError(t, err)
			arena := NewArena()
			call := p.Steps[0].Action.(*Call)
			arena.Load(&c.machine, call)
			require.Equal(t, c.cmd, call.Cmd)
			w := new(writer)
			call.Contents = arena.Span(call.Attr, int(call.Size), ToRead)
			call.contentsText(w)
			require.Equal(t, " "+c.want, w.String())
		})
	}
	t.Run("path is cut", func(t *testing.T) {
		arena := NewArena()
		p, err := Parse("machine cpus=1 bpf=true sysadmin=true\ncpu0 BPF_OBJ_GET @0 size=16 { pathname=@a00 } @a00=2f657463")
		require.NoError(t, err)
		arena.Load(&all, p.Steps[0].Action.(*Call))
		require.Zero(t, arena.Span(Base+0xa00, 1, ToRead)[0])
	})
}

func TestArena(t *testing.T) {
	a := NewArena()
	buf := make([]byte, 16)
	require.Equal(t, 8, a.Read(buf, Base+GapPage*PageSize-8))
	require.Equal(t, 0, a.Read(buf, Base+GapPage*PageSize))
	require.Equal(t, 0, a.Read(buf, Base-1))
	require.Equal(t, 16, a.Read(buf, Base+ReadOnlyPage*PageSize-8))
	require.Equal(t, 8, a.Write(Base+ReadOnlyPage*PageSize-8, buf))
	require.Equal(t, 0, a.Write(Base+ReadOnlyPage*PageSize, buf))
	require.Equal(t, 4, a.Read(buf, Base+ArenaSize-4))
	require.Equal(t, 0, a.Read(buf, 1<<64-8))
}
