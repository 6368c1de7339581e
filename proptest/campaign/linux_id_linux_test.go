package campaign_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/proptest/campaign"
	"github.com/bpfsim/bpfsim/proptest/kernel"
	"github.com/bpfsim/bpfsim/proptest/program"
)

// Whatever id Linux gives a map, what looks like that id and is the length, or was there before a fault, stays as it
// is. In 600 programs every low byte of an id comes by.
func TestInfoAtAnyID(t *testing.T) {
	k := campaign.OpenLinux(t)
	p, err := program.Parse(`machine cpus=2 bpf=true sysadmin=true
cpu0 BPF_MAP_CREATE @0 size=92 { map_type=1 key_size=1 value_size=1 max_entries=1 } -> 500
cpu0 BPF_OBJ_GET_INFO_BY_FD @0 size=16 { bpf_fd=500 info_len=5 info=@0 }
cpu0 BPF_OBJ_GET_INFO_BY_FD @0 size=16 { bpf_fd=500 info_len=8 info=@0 }
cpu0 BPF_OBJ_GET_INFO_BY_FD @0 size=16 { bpf_fd=500 info_len=12 info=@2 }
cpu0 BPF_OBJ_GET_INFO_BY_FD @0 size=16 { bpf_fd=500 info_len=5 info=@b00 }
cpu0 BPF_OBJ_GET_INFO_BY_FD @2ff8 size=16 { bpf_fd=500 info_len=8 info=@1ffc }
cpu0 BPF_OBJ_GET_INFO_BY_FD @4000 size=16 { bpf_fd=500 info_len=5 info=@b00 }
cpu0 BPF_OBJ_GET_INFO_BY_FD @4000 size=16 { bpf_fd=500 info_len=8 info=@c00 }
cpu0 BPF_OBJ_GET_INFO_BY_FD @0 size=16 { bpf_fd=500 info_len=8 info=@4000 }
cpu0 BPF_OBJ_GET_INFO_BY_FD @0 size=16 { bpf_fd=500 info_len=32 info=@3ff5 }
cpu0 BPF_OBJ_GET_INFO_BY_FD @0 size=16 { bpf_fd=500 info_len=8 info=@3ff9 }
cpu0 BPF_OBJ_GET_INFO_BY_FD @4000 size=16 { bpf_fd=500 info_len=5 info=@3ffb }
cpu0 BPF_OBJ_GET_INFO_BY_FD @4000 size=16 { bpf_fd=500 info_len=8 info=@3ffc }
cpu0 BPF_OBJ_GET_INFO_BY_FD @0 size=16 { bpf_fd=500 info_len=112 info=@1f9c } @1fa0=05
`)
	require.NoError(t, err)
	p, sim := moved(p, k.CPUs()), kernel.NewSim()
	for range 600 {
		requireEqual(t, p, k, sim)
	}
}
