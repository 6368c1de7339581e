//go:build linux && (amd64 || arm64)

package readers

import (
	"bytes"
	"io"
	"os"
	"testing"
	"time"

	"github.com/bpfsim/bpfsim/intercept"
	"github.com/bpfsim/bpfsim/syscall"
	"github.com/stretchr/testify/require"
)

// clientVar names what the test binary does as the command.
const clientVar = "BPFSIM_READER"

func TestMain(m *testing.M) {
	if client, ok := clients[os.Getenv(clientVar)]; ok {
		client()
		return
	}
	os.Exit(m.Run())
}

// command runs a command that makes the map "ring", whose kernel's side play is. play is given the end of the command's
// standard input that closes when it returns.
func command(t *testing.T, play func(*bpfsys.Map), args ...string) string {
	t.Helper()
	k := bpfsys.NewKernel(bpfsys.Options{CPUs: 2})
	input, typing, err := os.Pipe()
	require.NoError(t, err)
	defer input.Close()
	played, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(played)
		defer typing.Close()
		for {
			if m := k.HoldNamed("ring"); m != nil {
				play(m)
				m.Release()
				return
			}
			select {
			case <-ended:
				return
			case <-time.After(time.Millisecond):
			}
		}
	}()
	var out bytes.Buffer
	code, err := intercept.Run(t.Context(), intercept.Options{
		Kernel: k, CPUs: 2, Caps: bpfsys.Root, Args: args, Stdin: input, Stdout: &out, Stderr: io.Discard,
	})
	close(ended)
	require.NoError(t, err)
	require.Zero(t, code, out.String())
	<-played
	require.Empty(t, k.Maps())
	return out.String()
}

// records is how many go through a ring.
func records() int {
	if testing.Short() {
		return 50_000
	}
	return 1_000_000
}
