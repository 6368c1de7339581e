package bpftest

import (
	"fmt"
	"time"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/syscall"
	"github.com/bpfsim/bpfsim/trace"
)

// helperNames are the helpers by which programs do what is asked for.
var helperNames = map[operation]string{
	opLookup: "bpf_map_lookup_elem", opUpdate: "bpf_map_update_elem", opDelete: "bpf_map_delete_elem", opPush: "bpf_map_push_elem",
	opPop: "bpf_map_pop_elem", opPeek: "bpf_map_peek_elem", opOutput: "bpf_ringbuf_output", opReserve: "bpf_ringbuf_reserve",
	opSubmit: "bpf_ringbuf_submit", opDiscard: "bpf_ringbuf_discard",
}

// helper is the helper that a request stands for; "" when it is for none. on is its map, nil for a record's.
func (q *request) helper(on *bpfsys.Map) string {
	if q.Op == opOutput && on.Spec().Type == abi.PerfEventArray {
		return "bpf_perf_event_output"
	}
	return helperNames[q.Op]
}

// helped records a helper's call that has ended.
func (r *recorder) helped(name string, q request, a reply, begun time.Time) {
	if name == "" || !r.tracing.Load() {
		return
	}
	r.add(trace.Event{Duration: time.Since(begun), CPU: q.CPU, Helper: name, Name: q.Map, Errno: a.Errno,
		Text: fmt.Sprintf("%s(%s)", name, q.arguments())}, begun)
}

// arguments are the map and, in bytes, what the helper is given.
func (q *request) arguments() string {
	text := q.Map
	if key, _ := q.needs(); key {
		text += fmt.Sprintf(", key=%x", q.Key)
	}
	if q.Value != nil {
		text += fmt.Sprintf(", value=%x", q.Value[:min(len(q.Value), maxKey)])
	}
	return text
}
