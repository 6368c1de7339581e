package recording_test

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/recording"
	"github.com/bpfsim/bpfsim/syscall"
)

// A call of a process is recorded.
func ExampleRecorder() {
	var file bytes.Buffer
	w, _ := recording.NewWriter(&file, recording.NewHeader())
	r := recording.NewRecorder(w, nil)

	user := bpfsys.NewCaller(bpfsys.NewKernel(bpfsys.Options{ZeroSeeds: true, Now: r.Now}))
	attr := bpfsys.MapCreate{Type: abi.Hash, KeySize: 4, ValueSize: 8, MaxEntries: 16, Name: bpfsys.NameOf("ct")}.Encode()
	at := user.Arena.Put(attr[:72])
	process := *user.Process
	entry := r.Turn()
	entry.Begin(recording.Caller{Process: 100, Thread: 101}, &process, abi.MapCreate, at, 72)
	entry.End(user.Kernel.Bpf(user.Task, &process, uint32(abi.MapCreate), at, 72))

	_ = w.Close()
	lines := strings.Split(file.String(), "\n")
	fmt.Println(strings.Split(lines[1], " #")[0])
	fmt.Println(strings.Split(lines[2], " #")[0])
	// Output:
	// 100/101 0s cpu0 BPF_MAP_CREATE 0x12000 size=72 { map_type=1 key_size=4 value_size=8 max_entries=16 map_name="ct" } = 3 told new=3,map:1
	// end calls=1
}
