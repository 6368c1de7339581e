package trace_test

import (
	"fmt"
	"os"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/syscall"
	"github.com/bpfsim/bpfsim/trace"
)

// A kernel whose calls are printed as they end.
func ExampleBegin() {
	watch := func(c bpfsys.Call) func(bpfsys.Outcome) {
		line := trace.Begin(c.Process.Mem, c.Process.Files, c.Cmd, c.Attr, c.Size)
		return func(o bpfsys.Outcome) { fmt.Println(line.End(o)) }
	}
	late := func(a bpfsys.Attempt) (f bpfsys.Fault) {
		if a.Cmd == abi.MapUpdateElem {
			f.Delay = 1
		}
		return f
	}
	c := bpfsys.NewCaller(bpfsys.NewKernel(bpfsys.Options{Watch: watch, Fault: late}))
	fd, _ := c.Do(bpfsys.MapCreate{Type: abi.Hash, KeySize: 1, ValueSize: 2, MaxEntries: 8, Name: bpfsys.NameOf("ct")})
	c.Do(bpfsys.MapUpdateElem{FD: fd, Key: c.Arena.Put([]byte{7}), Value: c.Arena.Put([]byte("ab"))})
	c.Do(bpfsys.MapFreeze{FD: fd})
	// Output:
	// bpf(BPF_MAP_CREATE, {map_type=BPF_MAP_TYPE_HASH, key_size=1, value_size=2, max_entries=8, map_flags=0x0, inner_map_fd=0, numa_node=0, map_name="ct", map_ifindex=0, btf_fd=0, btf_key_type_id=0, btf_value_type_id=0, btf_vmlinux_value_type_id=0, map_extra=0x0, value_type_btf_obj_fd=0, map_token_fd=0, excl_prog_hash=NULL, excl_prog_hash_size=0}, 168) = 3
	// bpf(BPF_MAP_UPDATE_ELEM, {map_fd=3, key="\7", value="ab", flags=BPF_ANY}, 168) = 0 (injected)
	// bpf(BPF_MAP_FREEZE, {map_fd=3}, 168) = 0
}

func ExampleWriteChrome() {
	events := []trace.Event{{Begin: 1500, Duration: 400, Thread: 1, Cmd: abi.MapUpdateElem, Name: "ct", Errno: abi.ENOMEM, Injected: true,
		Text: "bpf(BPF_MAP_UPDATE_ELEM, ...) = -1 ENOMEM (Cannot allocate memory) (injected)"}}
	if err := trace.WriteText(os.Stdout, events); err != nil {
		panic(err)
	}
	if err := trace.WriteChrome(os.Stdout, events); err != nil {
		panic(err)
	}
	// Output:
	// bpf(BPF_MAP_UPDATE_ELEM, ...) = -1 ENOMEM (Cannot allocate memory) (injected)
	// {"displayTimeUnit":"ns","traceEvents":[{"name":"process_name","ph":"M","ts":0,"pid":1,"tid":0,"args":{"name":"bpf(2)"}},{"name":"BPF_MAP_UPDATE_ELEM ct (injected)","cat":"bpf,injected","ph":"X","ts":1.5,"dur":0.4,"pid":1,"tid":1,"args":{"call":"bpf(BPF_MAP_UPDATE_ELEM, ...) = -1 ENOMEM (Cannot allocate memory) (injected)","cpu":0,"result":"ENOMEM"}}]}
}
