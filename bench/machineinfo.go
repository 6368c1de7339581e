package bench

import (
	"fmt"
	"os"
	"runtime"
	"strings"
)

// Machine says where the figures come from.
type Machine struct {
	CPU    string `json:"cpu"`
	Cores  int    `json:"cores"`
	System string `json:"system"`
	Go     string `json:"go"`
	Load   string `json:"load"` // load averages of 1, 5 and 15 minutes at the end of the run
}

// thisMachine asks /proc, where there is one.
func thisMachine() Machine {
	m := Machine{Cores: runtime.GOMAXPROCS(0), System: runtime.GOOS + "/" + runtime.GOARCH, Go: runtime.Version()}
	if release := firstLine("/proc/sys/kernel/osrelease"); release != "" {
		m.System += " " + release
	}
	if load := strings.Fields(firstLine("/proc/loadavg")); len(load) > 2 {
		m.Load = strings.Join(load[:3], " ")
	}
	text, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			m.CPU = strings.TrimSpace(value)
			break
		}
	}
	return m
}

func firstLine(path string) string {
	text, _ := os.ReadFile(path)
	line, _, _ := strings.Cut(string(text), "\n")
	return line
}

// String is the machine in a line.
func (m Machine) String() string {
	return fmt.Sprintf("%s, %d cores, %s, %s, load %s", m.CPU, m.Cores, m.System, m.Go, m.Load)
}
