package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/intercept"
	"github.com/bpfsim/bpfsim/proptest/kernel"
	bpfsys "github.com/bpfsim/bpfsim/syscall"
)

// clientVar tells a process that it is the command that the run group runs.
const clientVar = "BPFSIM_BENCH_CLIENT"

// Init must come first in a program that calls Run: the program is also the command of which `bpfsim run` is measured.
func Init() {
	if os.Getenv(clientVar) == "" {
		return
	}
	if err := client(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// answered is what the client measures: medians in ns, and the median ratio of the turns.
type answered struct {
	Lookup, Empty, Ratio float64
	Files                opened
}

// client makes real system calls, which somebody else answers.
func client() error {
	k, err := kernel.OpenRaw(1 << 20)
	if err != nil {
		return err
	}
	m := newHashMap(k, shape{1000, 4, 8})
	empty := func(n int) {
		for range n {
			_, errno := k.Bpf(unknownCommand, 0, 0)
			must(errno, abi.EINVAL)
		}
	}
	var lookups, empties, ratios []float64
	for range 21 {
		lookups, empties = append(lookups, passed(m.hit)), append(empties, passed(empty))
		ratios = append(ratios, lookups[len(lookups)-1]/empties[len(empties)-1])
	}
	k.Close()
	files, err := measureOpens(empty)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(answered{median(lookups), median(empties), median(ratios), files})
}

// unknownCommand is a number that no kernel knows.
const unknownCommand abi.Cmd = 1 << 20

// passed is the time that a call takes until it is answered, in ns.
func passed(run func(n int)) float64 {
	const n = 200
	start := time.Now()
	run(n)
	return float64(time.Since(start)) / n
}

// runRows measures a lookup under `bpfsim run` against a call that reads and writes no memory.
func runRows(s *session) {
	line := Row{What: "lookup under bpfsim run", Unit: "ns", Rival: "empty notification", Floor: 1 / 2.8}
	got, err := runClient()
	if err != nil {
		line.Skipped = err.Error()
	}
	line.Ours, line.Theirs, line.Ratio = got.Lookup, got.Empty, 1/max(got.Ratio, 1e-9)
	s.add(line)
	openRows(s, got.Files, err)
}

func runClient() (got answered, err error) {
	exe, err := os.Executable()
	if err != nil {
		return got, err
	}
	var out strings.Builder
	code, err := intercept.Run(context.Background(), intercept.Options{
		Kernel: bpfsys.NewKernel(bpfsys.Options{CPUs: 1}), Caps: bpfsys.Root,
		Args: []string{"env", clientVar + "=1", exe}, Stdout: &out,
	})
	if err != nil {
		return got, err
	}
	if code != 0 {
		return got, fmt.Errorf("the client failed with status %d", code)
	}
	return got, json.Unmarshal([]byte(out.String()), &got)
}
