package bench

import (
	"fmt"
	"math/rand/v2"
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
	// Memory is the time of a load that depends on the one before, in ns, by the MiB that they jump about in: where
	// others use the caches too, everything that jumps about is slow, hash tables first.
	Memory map[int]float64 `json:"memory"`
}

// thisMachine asks /proc, where there is one.
func thisMachine() Machine {
	m := Machine{Cores: runtime.GOMAXPROCS(0), System: runtime.GOOS + "/" + runtime.GOARCH, Go: runtime.Version(), Memory: map[int]float64{}}
	for _, mib := range latencySizes {
		m.Memory[mib] = latency(mib << 20)
	}
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

// latencySizes are in MiB.
var latencySizes = []int{1, 4, 16}

// latency is the time of a dependent load from memory of so many bytes, in ns. A turn walks whole cycles, so that the
// one before it has touched every line.
func latency(bytes int) float64 {
	const line, loads = 16, 1 << 18 // words, the least in a turn
	chain := make([]uint32, bytes/4)
	order := rand.New(rand.NewPCG(1, 1)).Perm(len(chain) / line)
	for i, at := range order {
		chain[at*line] = uint32(order[(i+1)%len(order)] * line)
	}
	at := uint32(0)
	walk := func(n int) {
		for range n {
			at = chain[at]
		}
	}
	cycles := max(loads/len(order), 1)
	return race(5, 0, runner{run: walk, batch: cycles * len(order)}).ns(0)
}

// String is the machine in a line.
func (m Machine) String() string {
	return fmt.Sprintf("%s, %d cores, %s, %s, load %s, a load from 1, 4 and 16 MiB takes %.0f, %.0f and %.0f ns",
		m.CPU, m.Cores, m.System, m.Go, m.Load, m.Memory[1], m.Memory[4], m.Memory[16])
}
