package intercept

import (
	"bytes"
	"math"
	"os"
	"path"
	"strconv"
	"strings"
)

// AvailableMemory is how much memory this process may still take, in bytes: what its limit of address space leaves, what
// its cgroup allows, and what the host has. math.MaxUint64 stands for no bound that is known.
func AvailableMemory() uint64 {
	return min(addressSpace(), cgroupMemory(), hostMemory())
}

const unbounded = math.MaxUint64

// addressSpace is RLIMIT_AS without what is in use: the runtime reserves hundreds of megabytes at its start.
func addressSpace() uint64 {
	limit, bounded := leadingNumber(afterLabel("/proc/self/limits", "Max address space"))
	if !bounded {
		return unbounded
	}
	text, _ := os.ReadFile("/proc/self/statm")
	pages, _ := leadingNumber(string(text))
	return limit - min(limit, pages*uint64(os.Getpagesize()))
}

// hostMemory is MemAvailable (proc_meminfo(5)).
func hostMemory() uint64 {
	kilobytes, ok := leadingNumber(afterLabel("/proc/meminfo", "MemAvailable:"))
	if !ok {
		return unbounded
	}
	return kilobytes << 10
}

// cgroupMemory is the limit of the cgroup, version 2 or 1, that this process is in.
func cgroupMemory() uint64 {
	if dir := afterLabel("/proc/self/cgroup", "0::"); dir != "" {
		for _, root := range []string{"/sys/fs/cgroup", "/sys/fs/cgroup/unified"} {
			if n, ok := fileNumber(path.Join(root, dir, "memory.max")); ok {
				return n
			}
		}
	}
	text, _ := os.ReadFile("/proc/self/cgroup")
	_, dir, found := strings.Cut(string(text), ":memory:")
	dir, _, _ = strings.Cut(dir, "\n")
	if n, ok := fileNumber(path.Join("/sys/fs/cgroup/memory", dir, "memory.limit_in_bytes")); ok && found {
		return n
	}
	return unbounded
}

// afterLabel is what stands behind a label at the start of a line.
func afterLabel(file, label string) string {
	text, _ := os.ReadFile(file)
	for line := range bytes.Lines(text) {
		if rest, ok := bytes.CutPrefix(line, []byte(label)); ok {
			return string(bytes.TrimSpace(rest))
		}
	}
	return ""
}

func fileNumber(file string) (uint64, bool) {
	text, _ := os.ReadFile(file)
	return leadingNumber(string(text))
}

// leadingNumber is the number that a text begins with.
func leadingNumber(text string) (uint64, bool) {
	fields := strings.Fields(text)
	if len(fields) == 0 {
		return 0, false
	}
	n, err := strconv.ParseUint(fields[0], 10, 64)
	return n, err == nil
}
