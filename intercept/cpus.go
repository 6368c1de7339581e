package intercept

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
)

// possibleCPUs is where programs read the number of possible CPUs, by which they size per-CPU values. Neither libbpf (1.5)
// nor cilium/ebpf (0.22) has another place to look at.
const possibleCPUs = "/sys/devices/system/cpu/possible"

// cpuText is what that file says of so many CPUs.
func cpuText(cpus int) string {
	if cpus == 1 {
		return "0\n"
	}
	return fmt.Sprintf("0-%d\n", cpus-1)
}

// isPossibleCPUs tells the file by its path, wherever sysfs is mounted.
func isPossibleCPUs(path string) bool {
	return strings.HasSuffix(path, strings.TrimPrefix(possibleCPUs, "/sys"))
}

// simulatedCPU is the one of so many CPUs that stands for a CPU of the host's, which may have more.
func simulatedCPU(host, cpus int) int { return host % cpus }

// PossibleCPUs is the host's number of possible CPUs; where the host is not Linux, the number that Go uses.
func PossibleCPUs() (int, error) {
	if runtime.GOOS != "linux" {
		return runtime.NumCPU(), nil
	}
	text, err := os.ReadFile(possibleCPUs)
	if err != nil {
		return 0, fmt.Errorf("count possible CPUs: %w", err)
	}
	return parseCPUs(strings.TrimSpace(string(text)))
}

// parseCPUs returns one more than the last CPU of a list such as 0-3 or 0,2-5 (cpuset(7), list format).
func parseCPUs(list string) (int, error) {
	last := list[strings.LastIndexAny(list, ",-")+1:]
	n, err := strconv.Atoi(last)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("count possible CPUs: bad list %q", list)
	}
	return n + 1, nil
}
