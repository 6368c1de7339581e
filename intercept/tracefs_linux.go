package intercept

import (
	stdmaps "maps"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/syscall"
)

// tracing is where the simulated kernel has its tracefs, below which clients look for the ids of tracepoints. Ordinary users
// may not read the host's, and its ids are others.
const tracing = "/sys/kernel/tracing"

// olderTracing is where tracefs is below debugfs, for programs older than its own place.
const olderTracing = "/sys/kernel/debug/tracing"

// inTracing is the place of a file in tracefs.
func inTracing(name string) (file string, ok bool) {
	for _, root := range []string{tracing, olderTracing} {
		if file, ok = strings.CutPrefix(name, root+"/"); ok {
			return file, true
		}
	}
	return "", false
}

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
	if file, ok := inTracing(name); ok {
		return c.tracingText(file)
	}
	return "", abi.OK, false
}

// tracingText is a file of tracefs.
func (c *call) tracingText(file string) (text string, errno abi.Errno, ours bool) {
	switch event, ok := strings.CutPrefix(file, "events/"); {
	case file == probeFiles[false], file == probeFiles[true]:
		for _, p := range c.kernel().TraceProbes() {
			if file == probeFiles[p.User] {
				text += p.String()
			}
		}
		return text, abi.OK, true
	case file == "available_filter_functions":
		return functionNames(), abi.OK, true
	case !ok || path.Base(event) != "id":
		return "", abi.OK, false
	default:
		id, ok := c.eventID(path.Dir(event))
		if !ok {
			return "", abi.ENOENT, true
		}
		return strconv.FormatUint(id, 10) + "\n", abi.OK, true
	}
}

// eventID finds a trace event by group and name.
func (c *call) eventID(event string) (uint64, bool) {
	for _, p := range c.kernel().TraceProbes() {
		if p.Group+"/"+p.Name == event {
			return p.ID, true
		}
	}
	id, ok := tracepointIDs()[event]
	return id, ok
}

// functionNames are those of the functions that programs may be attached to, one a line.
var functionNames = sync.OnceValue(func() string {
	names := slices.Sorted(stdmaps.Keys(symbols().functions))
	return strings.Join(names, "\n") + "\n"
})

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
func isTracing(name string) bool {
	name = path.Clean(name)
	return name == tracing || name == olderTracing
}
