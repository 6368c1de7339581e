package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

// A few tests of each suite that others wrote, so that the scripts stay runnable; docs/suites.md has what all of them say.
func TestSuites(t *testing.T) {
	if os.Getenv("BPFSIM_LONG") == "" {
		t.Skip("set BPFSIM_LONG to build the suites that others wrote")
	}
	skipIfRefused(t)
	if os.Getuid() != 0 {
		t.Skip("needs root to compare with Linux")
	}
	for _, tool := range []string{"bpftool", "clang", "gcc"} {
		if _, err := exec.LookPath(tool); err != nil {
			skip(t, tool+" is missing: apt-get install bpftool clang gcc libbpf-dev")
		}
	}
	for script, run := range map[string]struct {
		args []string
		env  string
	}{
		"cilium.sh":  {[]string{"."}, "TESTS=^TestBatch|^TestIterate|^TestMapPin"},
		"bpftool.sh": {[]string{"^(btf|cgroup|map (update|delete|getnext|queue|lpm|in map|freeze|pin))"}, ""},
		"libbpf.sh":  {[]string{"object_file", "globals", "elements", "pinned_maps", "ring_reader", "perf_reader", "attach_tracepoint"}, ""},
	} {
		t.Run(script, func(t *testing.T) {
			cmd := exec.Command(filepath.Join("..", "..", "examples", "suites", script), run.args...)
			cmd.Env = append(os.Environ(), run.env, "GOFLAGS="+os.Getenv("GOFLAGS")+" -pgo=off")
			out, err := cmd.Output()
			require.NoError(t, err)
			total := regexp.MustCompile(`(?m)^\| (\d+) tests \| (\d+) \| (\d+) \| \|$`).FindStringSubmatch(string(out))
			require.NotNil(t, total, "%s", out)
			require.NotEqual(t, "0", total[1])
			require.Equal(t, []string{total[1], total[1]}, total[2:], "%s", out)
		})
	}
}
