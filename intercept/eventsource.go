package intercept

import (
	"os"
	"path"
	"strconv"
	"strings"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/syscall"
)

// eventSources is where sysfs has the drivers of perf events.
const eventSources = "/sys/bus/event_source/devices"

// HostProbes are the types of perf events that the host gives its drivers of probes, as programs read them in sysfs.
// Where it lacks a driver, a type that it gives to no other stands for it.
func HostProbes() bpfsys.Probes {
	taken := map[abi.PerfType]bool{abi.PerfTypeMax: true, abi.PerfTypeMax + 1: true} // the clocks of software events
	entries, _ := os.ReadDir(eventSources)
	for _, entry := range entries {
		if kind, ok := eventSource(entry.Name()); ok {
			taken[kind] = true
		}
	}
	probe := func(name string) abi.PerfType {
		if kind, ok := eventSource(name); ok {
			return kind
		}
		kind := abi.PerfTypeMax
		for taken[kind] {
			kind++
		}
		taken[kind] = true
		return kind
	}
	return bpfsys.Probes{Kprobe: probe("kprobe"), Uprobe: probe("uprobe")}
}

// eventSource is the type that a driver has; ok is false when there is no such driver.
func eventSource(name string) (kind abi.PerfType, ok bool) {
	text, err := os.ReadFile(path.Join(eventSources, name, "type"))
	if err != nil {
		return 0, false
	}
	n, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 32)
	return abi.PerfType(n), err == nil
}
