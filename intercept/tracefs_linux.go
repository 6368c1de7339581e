package intercept

import (
	"os"
	"path"
	"strconv"
	"strings"
	"sync"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/syscall"
)

// tracing is where the simulated kernel has its tracefs, below which clients look for the ids of tracepoints. Ordinary users
// may not read the host's, and its ids are others.
const tracing = "/sys/kernel/tracing"

// attachText is what clients read of the host before they attach a program: ids of tracepoints, and the types of the drivers of
// probes that the host lacks. ours is false for all other files.
func (c *call) attachText(name string) (text string, errno abi.Errno, ours bool) {
	if !strings.HasPrefix(name, "/") || !strings.Contains(name, "/sys/") { // most are not to be looked at further
		return "", abi.OK, false
	}
	name = path.Clean(name)
	if rest, ok := strings.CutPrefix(name, eventSources+"/"); ok {
		text, ok = c.driverText(rest)
		return text, abi.OK, ok
	}
	event, ok := strings.CutPrefix(name, tracing+"/events/")
	if !ok || path.Base(event) != "id" {
		return "", abi.OK, false
	}
	id, ok := tracepointIDs()[path.Dir(event)]
	if !ok {
		return "", abi.ENOENT, true
	}
	return strconv.FormatUint(id, 10) + "\n", abi.OK, true
}

// driverText is a file of a driver of probes where the host has none.
func (c *call) driverText(file string) (text string, ok bool) {
	driver, file, _ := strings.Cut(file, "/")
	kind, ok := map[string]abi.PerfType{"kprobe": c.probes.Kprobe, "uprobe": c.probes.Uprobe}[driver]
	if _, err := os.Stat(path.Join(eventSources, driver)); !ok || err == nil {
		return "", false
	}
	switch {
	case file == "type":
		return strconv.FormatUint(uint64(kind), 10) + "\n", true
	case file == "format/retprobe":
		return "config:0\n", true
	case file == "format/ref_ctr_offset" && driver == "uprobe":
		return "config:32-63\n", true
	}
	return "", false
}

// tracepointIDs are the ids of the simulated kernel's tracepoints by group/name.
var tracepointIDs = sync.OnceValue(func() map[string]uint64 {
	ids := map[string]uint64{}
	for _, tp := range bpfsys.Tracepoints() {
		ids[tp.Group+"/"+tp.Name] = tp.ID
	}
	return ids
})

// isTracing tells the root of the tracefs.
func isTracing(name string) bool { return path.Clean(name) == tracing }
