package main

import (
	"io/fs"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/proptest/kernel"
)

// requireRecordings runs tests as an ordinary user, each of which has a recording then that is replayed without a difference. On Linux, too: a difference there has
// its reason behind it.
func requireRecordings(t *testing.T, cmd *exec.Cmd, least int) {
	t.Helper()
	for _, v := range cmd.Env {
		if home, ok := strings.CutPrefix(v, "HOME="); ok {
			cmd.Dir = home // the last one is meant
		}
	}
	dir := filepath.Join(cmd.Dir, t.Name())
	cmd.Env = append(cmd.Env, "BPFSIM_RECORD="+dir)
	output(t, 0, cmd)
	recordings := 0
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		recordings++
		out := bpfsimAsItself(t, "replay", path)
		require.Regexp(t, `^bpfsim: \d+ calls made again, 0 differences\n`, out+"\n", path)
		require.NotContains(t, out, "ends early")
		if kernel.Available() == nil {
			again := bpfsimCommand(t, "replay", "--on", "linux", path)
			again.SysProcAttr = nil
			text, _ := again.CombinedOutput()
			require.Regexp(t, `, 0 differences|in the place of programs that a test has played`, string(text), path)
		}
		return nil
	}))
	require.GreaterOrEqual(t, recordings, least)
}

func TestRecordedTestsPatched(t *testing.T) {
	requireRecordings(t, patchedCommand(t, buildPatched(t, fakes)), 5)
}

func TestRecordedTestsNotified(t *testing.T) {
	skipIfRefused(t)
	cmd := bpfsimCommand(t)
	cmd.Path = buildModule(t, agent, "test", "-c")
	cmd.Args = []string{cmd.Path}
	cmd.Env = append(cmd.Env, "BPFSIM_ROAD=notified")
	requireRecordings(t, cmd, 6)
}
