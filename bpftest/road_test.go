package bpftest

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAdviceOnPins(t *testing.T) {
	require.Empty(t, adviceOnPins("/sys/fs/bpf"))
	require.Contains(t, adviceOnPins("/tmp/bpfsim-bpffs-1"), "run bpfsim test, or pass bpftest.Patched()")
}

// A road that is asked for is taken or refused, and never another one.
func TestRoads(t *testing.T) {
	for wanted, want := range map[string]road{"": notifiedRoad, "notified": notifiedRoad, "host": hostRoad} {
		t.Setenv(roadName, wanted)
		got, err := chooseRoad()
		require.NoError(t, err)
		require.Equal(t, want, got, wanted)
	}
	t.Setenv(roadName, "patched")
	_, err := chooseRoad()
	require.ErrorContains(t, err, "BPFSIM_ROAD=patched, and this test was built without the patch: run bpfsim test")
	t.Setenv(roadName, "patchd")
	_, err = chooseRoad()
	require.EqualError(t, err, "BPFSIM_ROAD=patchd: want patched or notified, or host for the host's kernel")
}

// Where there is no kernel tests fail, unless somebody wants them skipped.
func TestUnavailable(t *testing.T) {
	status, said := statusOf(t, "")
	require.Equal(t, 1, status)
	require.Equal(t, "bpftest: no kernel can be simulated here: file does not exist\n"+
		"bpftest: bpfsim doctor says what works here and what is missing; BPFSIM_UNAVAILABLE=skip skips these tests instead\n", said)
	status, said = statusOf(t, "skip")
	require.Zero(t, status)
	require.Contains(t, said, "bpftest: tests skipped: BPFSIM_UNAVAILABLE=skip\n")
	status, _ = statusOf(t, "1")
	require.Equal(t, 1, status)
}

// statusOf is unavailable, and what it writes, with a word in the environment.
func statusOf(t *testing.T, wanted string) (status int, said string) {
	t.Setenv(unavailableName, wanted)
	file, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	require.NoError(t, err)
	defer file.Close()
	before := os.Stderr
	os.Stderr = file
	status = unavailable(os.ErrNotExist)
	os.Stderr = before
	text, err := os.ReadFile(file.Name())
	require.NoError(t, err)
	return status, string(text)
}
