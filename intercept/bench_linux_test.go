//go:build linux && (amd64 || arm64)

package intercept_test

import (
	"fmt"
	"io"
	"os"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/intercept"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// countVar is how many calls the scenario "lookups" makes.
const countVar = "BPFSIM_TEST_COUNT"

func lookups(c client) {
	fd := c.create(abi.Hash, 4, 1)
	require.Equal(c, unix.Errno(0), c.update(fd, 1, 1))
	for range c.number(countVar) {
		if _, errno := c.lookup(fd, 1); errno != 0 {
			panic(errno)
		}
	}
}

// BenchmarkLookup is what a lookup costs a program under the filter, the start of the program shared among all.
func BenchmarkLookup(b *testing.B) {
	if refused != nil {
		b.Skip("interception is refused here:", refused)
	}
	exe, err := os.Executable()
	require.NoError(b, err)
	o := options("env", scenarioVar+"=lookups", fmt.Sprintf("%s=%d", countVar, b.N), exe)
	o.Stdout, o.Stderr = io.Discard, io.Discard
	b.ReportAllocs()
	code, err := intercept.Run(b.Context(), o)
	require.NoError(b, err)
	require.Zero(b, code)
}
