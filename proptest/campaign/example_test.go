package campaign_test

import (
	"fmt"

	"github.com/bpfsim/bpfsim/proptest/campaign"
	"github.com/bpfsim/bpfsim/proptest/kernel"
	"github.com/bpfsim/bpfsim/proptest/program"
)

// A program is text. It runs on any kernels, which must agree with each other and with the model.
func ExampleCompare() {
	p, err := program.Parse(`machine cpus=1 bpf=true sysadmin=true
cpu0 BPF_MAP_CREATE @0 size=72 { map_type=1 key_size=4 value_size=8 max_entries=1 map_flags=0x40 } -> 500
cpu0 BPF_MAP_UPDATE_ELEM @0 size=32 { map_fd=500 key=@100 value=@200 } @100=01000000
cpu0 BPF_MAP_LOOKUP_ELEM @0 size=32 { map_fd=500 key=@100 value=@1ffc } @100=01000000
`)
	if err != nil {
		panic(err)
	}
	mismatch, err := campaign.Compare(p, kernel.NewSim())
	fmt.Println(mismatch, err)
	// Output: <nil> <nil>
}
