package explore_test

import (
	"os"
	"runtime/debug"
	"testing"
)

// TestMain collects garbage seldom: a schedule leaves behind what it was run on, and there are hundreds of thousands.
func TestMain(m *testing.M) {
	debug.SetGCPercent(1600)
	os.Exit(m.Run())
}

// long skips what takes long where BPFSIM_LONG is not set, as it is in CI.
func long(t *testing.T) {
	t.Helper()
	if os.Getenv("BPFSIM_LONG") == "" {
		t.Skip("takes long: BPFSIM_LONG=1 runs it")
	}
}
