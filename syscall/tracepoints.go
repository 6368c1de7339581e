package bpfsys

import (
	_ "embed"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Tracepoint is a trace event of the kernel: what tracefs has below events.
type Tracepoint struct {
	ID          uint64
	Group, Name string
}

// tracepointList has the trace events of Linux 6.18 on x86-64, one a line: the id, the group and the name.
//
//go:embed tracepoints.txt
var tracepointList string

// Tracepoints are the trace events of the simulated kernel, ascending by id.
var Tracepoints = sync.OnceValue(func() []Tracepoint {
	var all []Tracepoint
	for line := range strings.Lines(tracepointList) {
		id, path, _ := strings.Cut(strings.TrimSpace(line), " ")
		group, name, _ := strings.Cut(path, "/")
		n, err := strconv.ParseUint(id, 10, 64)
		if err != nil {
			panic("bpfsys: tracepoints.txt: " + err.Error())
		}
		all = append(all, Tracepoint{n, group, name})
	}
	return all
})

// tracepoint finds a trace event by its id.
func (k *Kernel) tracepoint(id uint64) (tp Tracepoint, ok bool) {
	all := Tracepoints()
	at, ok := slices.BinarySearchFunc(all, id, func(tp Tracepoint, id uint64) int {
		return int(int64(tp.ID) - int64(id))
	})
	if !ok {
		return tp, false
	}
	return all[at], true
}
