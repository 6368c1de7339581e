package vm

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

// fakeQEMU is a qemu that dies unless the accelerator is the one with a thread for each CPU. With a memory of 7 MiB it dies
// after the command has spoken.
const fakeQEMU = `#!/bin/sh
case "$*" in
*"-m 7 "*) echo said; exit 1;;
*thread=multi*) printf 'said\n\nbpfsim-vm: exit status 3\n';;
esac
`

// A guest that dies before its command has said anything is tried again in another way, and one that dies later is not.
func TestRunAnyhow(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the stand-in for qemu is a shell script, and Windows has no /bin/sh to run it")
	}
	fake := filepath.Join(t.TempDir(), "qemu")
	require.NoError(t, os.WriteFile(fake, []byte(fakeQEMU), 0o755))
	var out bytes.Buffer
	m := machine{Options: Options{Stdout: &out}, qemu: fake, log: os.DevNull}
	code, err := m.runAnyhow(context.Background())
	require.NoError(t, err)
	require.Equal(t, 3, code)
	require.Equal(t, "said\n", out.String())

	m.Memory = 7
	out.Reset()
	_, err = m.runAnyhow(context.Background())
	require.ErrorContains(t, err, "the guest ended without an exit status")
	require.Equal(t, "said\n", out.String(), "once")
}
