package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// terminal makes a pair of a master and the terminal it drives.
func terminal(t *testing.T) (master, slave *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip("no terminals here:", err)
	}
	t.Cleanup(func() { master.Close() })
	require.NoError(t, unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0))
	number, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	require.NoError(t, err)
	slave, err = os.OpenFile(fmt.Sprint("/dev/pts/", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no terminals here:", err)
	}
	return master, slave
}

// Ctrl-C reaches the whole foreground group; passing it on would make it two.
func TestInterruptFromTerminalComesOnce(t *testing.T) {
	skipIfRefused(t)
	master, slave := terminal(t)
	cmd := bpfsimCommand(t, "run", "--", "sh", "-c",
		`n=0; trap 'n=$((n+1))' INT; echo ready; for i in 1 2 3 4 5 6 7 8; do sleep 0.1; done; echo got $n.`)
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setsid, cmd.SysProcAttr.Setctty = true, true
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	require.NoError(t, cmd.Start())
	require.NoError(t, slave.Close())
	lines := bufio.NewScanner(master)
	var seen []string
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if seen = append(seen, line); line == "ready" {
			_, err := master.Write([]byte{3})
			require.NoError(t, err)
		}
	}
	require.NoError(t, cmd.Wait(), seen)
	require.Contains(t, strings.Join(seen, "\n"), "got 1.")
}
