package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"text/tabwriter"

	"github.com/bpfsim/bpfsim/intercept"
	"github.com/bpfsim/bpfsim/patch"
	"github.com/bpfsim/bpfsim/proptest/kernel"
	"github.com/bpfsim/bpfsim/syscall"
	"github.com/bpfsim/bpfsim/vm"
	"github.com/spf13/cobra"
)

// way is one way of using bpfsim on this machine.
type way struct {
	Name string `json:"name"`
	Use  string `json:"use"` // the commands that go it
	Open bool   `json:"open"`
	// Tests says that tests of a program can run this way.
	Tests  bool    `json:"tests"`
	Checks []check `json:"checks"`
}

// check is one thing that a way needs.
type check struct {
	Name string `json:"name"`
	OK   bool   `json:"ok"`
	// Optional says that the way is open without it.
	Optional bool   `json:"optional,omitempty"`
	Found    string `json:"found"` // what there is, or what is missing
}

const doctorLong = `Say which ways of using bpfsim work on this machine, what each needs, and what is missing.

The exit status is 0 when tests can be run in one way at least, 1 when in none.`

func newDoctor() *cobra.Command {
	asJSON := false
	cmd := &cobra.Command{
		Use: "doctor", Short: "Say what works on this machine, and what is missing", Long: doctorLong, Args: takesNothing,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ways := examine(cmd.Context())
			if err := report(cmd.OutOrStdout(), ways, asJSON); err != nil {
				return trouble(err)
			}
			for _, w := range ways {
				if w.Open && w.Tests {
					return nil
				}
			}
			return &exitError{code: 1}
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "write JSON, for programs")
	return cmd
}

func examine(ctx context.Context) []way {
	ways := []way{
		{Name: "patched", Tests: true, Use: "bpfsim test ./..., or go test after eval \"$(bpfsim env)\"", Checks: []check{checkSystem(), checkGo(ctx), checkTemp()}},
		{Name: "notified", Tests: true, Use: "bpfsim run -- CMD, or go test with bpftest.Main", Checks: checkFilter(ctx)},
		{Name: "kernel", Use: "bpfsim compare", Checks: []check{checkKernel()}},
		{Name: "qemu", Use: "bpfsim compare --qemu", Checks: []check{checkQemu(), checkStatic()}},
	}
	for i := range ways {
		ways[i].Open = true
		for _, c := range ways[i].Checks {
			ways[i].Open = ways[i].Open && (c.OK || c.Optional)
		}
	}
	return ways
}

// found is a check of which an error says what is missing.
func found(name, what string, err error) check {
	if err != nil {
		return check{Name: name, Found: err.Error()}
	}
	return check{Name: name, OK: true, Found: what}
}

// checkSystem is about where bpftest can answer in a test's own process.
func checkSystem() check {
	c := check{Name: "system", OK: runtime.GOOS == "linux" && (runtime.GOARCH == "amd64" || runtime.GOARCH == "arm64"),
		Found: runtime.GOOS + "/" + runtime.GOARCH}
	if !c.OK {
		c.Found += ": want linux on amd64 or arm64"
	}
	return c
}

// checkGo asks the go command for its version, and whether another program stands before the compiler already.
func checkGo(ctx context.Context) check {
	out, err := exec.CommandContext(ctx, "go", "env", "GOVERSION", "GOFLAGS").Output()
	if err != nil {
		return found("go", "", fmt.Errorf("run go env: %w: install Go %s or newer", err, oldestGo))
	}
	version, flags, _ := strings.Cut(strings.TrimRight(string(out), "\n"), "\n")
	if !strings.HasPrefix(version, "devel") && olderGo(version) {
		return found("go", "", fmt.Errorf("%s: want Go %s or newer", version, oldestGo))
	}
	if strings.Contains(flags, "-toolexec") && !strings.Contains(flags, toolexecName) {
		return found("go", "", fmt.Errorf("GOFLAGS has another -toolexec: %s", flags))
	}
	return found("go", version+", patch "+patch.ID(), nil)
}

// oldestGo is what go.mod asks for.
const oldestGo = "1.26"

func olderGo(version string) bool {
	var major, minor, oldMajor, oldMinor int
	_, err := fmt.Sscanf(version, "go%d.%d", &major, &minor)
	_, _ = fmt.Sscanf(oldestGo, "%d.%d", &oldMajor, &oldMinor)
	return err != nil || major < oldMajor || major == oldMajor && minor < oldMinor
}

// checkTemp is about where patched files and the directory that stands for the bpffs are made.
func checkTemp() check {
	dir, err := os.MkdirTemp("", "bpfsim-doctor-")
	if err == nil {
		err = os.Remove(dir)
	}
	return found("temporary files", os.TempDir(), err)
}

// checkFilter runs a command as bpfsim run does.
func checkFilter(ctx context.Context) []check {
	var said strings.Builder
	self, err := os.Executable()
	if err == nil {
		o := intercept.Options{Kernel: bpfsys.NewKernel(bpfsys.Options{}), Args: []string{self, "--version"}, Stdout: io.Discard, Stderr: &said}
		_, err = intercept.Run(ctx, o)
	}
	filter := found("seccomp filter with a listener", "Linux 5.19 or newer", err)
	if err != nil {
		return []check{filter}
	}
	mount := check{Name: "mount over /sys/fs/bpf", Optional: true, OK: said.Len() == 0, Found: "in a mount namespace of the run"}
	if !mount.OK {
		mount.Found = strings.TrimPrefix(strings.TrimSpace(said.String()), "bpfsim: ")
	}
	return []check{filter, mount}
}

func checkKernel() check {
	return found("bpf(2) of this kernel", "with all rights", kernel.Available())
}

func checkQemu() check {
	path, err := vm.QEMU()
	return found("qemu", path, err)
}

func checkStatic() check {
	path, err := vm.Self()
	return found("static bpfsim", path, err)
}

func report(w io.Writer, ways []way, asJSON bool) error {
	if asJSON {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(ways)
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, way := range ways {
		fmt.Fprintf(table, "%s\t%s\t%s\n", way.Name, word(way.Open, "works", "closed"), way.Use)
		for _, c := range way.Checks {
			fmt.Fprintf(table, "  %s\t%s\t%s\n", c.Name, word(c.OK, "ok", word(c.Optional, "without", "missing")), c.Found)
		}
	}
	return table.Flush()
}

// word is one of two.
func word(first bool, yes, no string) string {
	if first {
		return yes
	}
	return no
}
