package semantics_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/semantics"
)

func manPages(t *testing.T) []string {
	t.Helper()
	pages, err := filepath.Glob("../docs/man/*.[0-9]")
	require.NoError(t, err)
	require.NotEmpty(t, pages)
	return pages
}

func TestManPagesRender(t *testing.T) {
	if _, err := exec.LookPath("man"); err != nil {
		require.Empty(t, os.Getenv("BPFSIM_REQUIRE_TOOLS"), err)
		t.Skip(err)
	}
	for _, page := range manPages(t) {
		cmd := exec.Command("man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", page)
		cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "MANWIDTH=80")
		var warnings strings.Builder
		cmd.Stderr = &warnings
		out, err := cmd.Output()
		require.NoError(t, err, "%s: %s", page, &warnings)
		require.Empty(t, warnings.String(), page)
		require.Greater(t, len(out), 1000, page)
	}
}

// errnoInList is an errno that begins an item of a page's list of errors.
var errnoInList = regexp.MustCompile(`(?m)^\.TP\n\.B (E[A-Z0-9]+)$`)

// A page's errors are those of the command's checks, in their order, and what a program cannot bring about (EINTR).
func TestManPagesHaveTheErrorsOfTheChecks(t *testing.T) {
	for _, c := range semantics.Chapters() {
		if c.Cmd != abi.MapDump && c.Cmd != abi.MapDumpJuly && c.Cmd != abi.MapDumpAndDelete {
			continue
		}
		text, err := os.ReadFile("../docs/man/bpf_" + strings.ToLower(semantics.CmdName(c.Cmd)) + ".2")
		require.NoError(t, err)
		stated, listed := map[string]bool{}, map[string]bool{"EINTR": true}
		for _, r := range c.Rules {
			stated[r.Errno.String()] = true
		}
		var order []string
		for _, match := range errnoInList.FindAllStringSubmatch(string(text), -1) {
			order = append(order, match[1])
			listed[match[1]] = true
		}
		for errno := range stated {
			require.True(t, listed[errno] || errno == "OK", "%s is stated of %s, and its page does not say so", errno, c.Cmd)
		}
		for errno := range listed {
			require.True(t, stated[errno] || errno == "EINTR", "%s has %s in its page, and nothing is stated of that", c.Cmd, errno)
		}
		require.Less(t, slices.Index(order, "E2BIG"), slices.Index(order, "EBADF"))
		require.Less(t, slices.Index(order, "EBADF"), slices.Index(order, "EPERM"))
		require.Less(t, slices.Index(order, "EPERM"), slices.Index(order, "ENOENT"))
	}
}

// The review refers to statements that are there.
func TestReviewRefersToStatements(t *testing.T) {
	text, err := os.ReadFile("../docs/man/bpf_map_dump_review.7")
	require.NoError(t, err)
	known := map[string]bool{}
	for _, c := range semantics.Chapters() {
		for _, r := range c.Rules {
			known[semantics.CmdName(c.Cmd)+"/"+r.Short] = true
		}
	}
	names := regexp.MustCompile(`MAP_[A-Z_]+/[a-z-]+`).FindAllString(string(text), -1)
	require.Greater(t, len(names), 5)
	for _, name := range names {
		require.True(t, known[name], name)
	}
}
