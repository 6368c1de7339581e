//go:build linux && (amd64 || arm64)

package intercept

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// keptPipe is a keeper whose listener is a pipe that nobody writes to: as a filter's, it hangs up when nobody is left.
func keptPipe(t *testing.T) (k *keeper, everybodyEnds func()) {
	t.Helper()
	listener, program, err := os.Pipe()
	require.NoError(t, err)
	calls, memory, err := newCalls()
	require.NoError(t, err)
	t.Cleanup(func() { unmapCalls(calls) })
	k, err = startKeeper(int(listener.Fd()), memory)
	require.NoError(t, err)
	everybodyEnds = func() { program.Close() }
	t.Cleanup(func() {
		everybodyEnds()
		k.handOver()
		cmd, _, ended := k.now()
		_ = cmd.Process.Kill()
		<-ended
		listener.Close()
	})
	return k, everybodyEnds
}

// now is the keeper's process, and how it is talked to.
func (k *keeper) now() (cmd *exec.Cmd, socket *os.File, ended chan struct{}) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.cmd, k.socket, k.ended
}

func isClosed(f *os.File) bool {
	_, err := f.Stat()
	return err != nil
}

// A keeper that is killed is replaced, and nothing is left of how the first one was talked to.
func TestKeeperIsReplaced(t *testing.T) {
	k, _ := keptPipe(t)
	first, socket, ended := k.now()
	require.NoError(t, first.Process.Kill())
	<-ended
	require.Eventually(t, func() bool { second, _, _ := k.now(); return second != first }, 10*time.Second, time.Millisecond)
	require.Eventually(t, func() bool { return isClosed(socket) }, 10*time.Second, time.Millisecond)
	_, socket, ended = k.now()
	require.False(t, isClosed(socket))
	require.False(t, closed(ended))
}

// One that died just before the listener is handed over is replaced at once, as nobody will do so later.
func TestHandOverStartsADeadKeeperAgain(t *testing.T) {
	k, everybodyEnds := keptPipe(t)
	first, _, ended := k.now()
	require.NoError(t, first.Process.Kill())
	<-ended
	k.handOver()
	second, _, ended := k.now()
	require.NotSame(t, first, second)
	require.NoError(t, second.Process.Signal(unix.Signal(0)))
	everybodyEnds()
	<-ended
}

// With the listener handed over, neither the keeper's end nor a pause that is over starts another one.
func TestNoKeeperBehindTheHandOver(t *testing.T) {
	k, _ := keptPipe(t)
	k.handOver()
	handed, _, ended := k.now()
	require.NoError(t, handed.Process.Kill())
	<-ended
	k.handOver()
	k.restart()
	last, _, _ := k.now()
	require.Same(t, handed, last)

	listener, program, err := os.Pipe()
	require.NoError(t, err)
	defer listener.Close()
	defer program.Close()
	over := &keeper{listener: int(listener.Fd()), over: true} // one that could be started again
	over.restart()
	started := over.cmd != nil
	if started {
		_ = over.cmd.Process.Kill()
	}
	require.False(t, started)
}

// The supervisor keeps nothing open of a keeper that it handed its listener to, or that had nobody to keep.
func TestHandOverClosesAll(t *testing.T) {
	for _, left := range []bool{false, true} {
		k, everybodyEnds := keptPipe(t)
		if !left {
			everybodyEnds()
		}
		k.handOver()
		_, socket, ended := k.now()
		require.True(t, isClosed(socket))
		require.True(t, isClosed(k.memory))
		require.Equal(t, !left, closed(ended), "the keeper ends with the last program")
	}
}

// A keeper that cannot be started leaves nothing open either.
func TestKeeperThatCannotStart(t *testing.T) {
	calls, memory, err := newCalls()
	require.NoError(t, err)
	defer unmapCalls(calls)
	before := len(openSockets(t))
	_, err = startKeeper(-1, memory)
	require.ErrorContains(t, err, "duplicate listener")
	require.True(t, isClosed(memory))
	require.LessOrEqual(t, len(openSockets(t)), before)
}

func openSockets(t *testing.T) (names []string) {
	t.Helper()
	fds, err := filepath.Glob("/proc/self/fd/*")
	require.NoError(t, err)
	for _, fd := range fds {
		if name, err := os.Readlink(fd); err == nil && strings.HasPrefix(name, "socket:") {
			names = append(names, name)
		}
	}
	return names
}
