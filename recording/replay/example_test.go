package replay_test

import (
	"bytes"
	"context"
	"fmt"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/program"
	"github.com/bpfsim/bpfsim/recording"
	"github.com/bpfsim/bpfsim/recording/replay"
)

// The calls of a recording, here one that says OK of an fd that was closed, are made again.
func ExampleRun() {
	h := recording.NewHeader()
	h.CPUs, h.Caps.BPF = 1, true
	var file bytes.Buffer
	w, _ := recording.NewWriter(&file, h)
	w.Call(&recording.Call{
		Process: 10, Thread: 10, Call: program.Call{Cmd: abi.MapFreeze, Attr: 0x1000, Size: 4, Contents: []byte{3, 0, 0, 0}},
		Told: []recording.Told{{Question: "fd:3", Answer: recording.ClosedFD}},
	})
	_ = w.Close()

	r, _ := recording.NewReader(&file)
	report, _ := replay.Run(context.Background(), r, new(replay.Bpfsim))
	fmt.Print(report.Difference)
	// Output:
	// call 1, of process 10, thread 10:
	//   cpu0 BPF_MAP_FREEZE 0x1000 size=4 { map_fd=3 }
	//   recorded: 0
	//   bpfsim: EBADF
}
