//go:build linux && (amd64 || arm64)

package intercept

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"reflect"
	"runtime"
	"sync"
	"syscall"

	"github.com/bpfsim/bpfsim/syscall"
	"golang.org/x/sys/unix"
)

// Run starts the command and answers every bpf(2) call of it and its children until it ends. It returns the command's
// exit status, 128 plus the number of the signal that killed it, or one of the Exit codes with an error. For
// children that outlive the command bpf(2) is ENOSYS from then on; all else is as without Run. Ending ctx kills the command.
func Run(ctx context.Context, o Options) (exitCode int, err error) {
	if len(o.Args) == 0 {
		return ExitFailed, errors.New("no command")
	}
	o = o.withDefaults()
	path, err := exec.LookPath(o.Args[0])
	if err != nil {
		return exitCodeOf(err), fmt.Errorf("find command: %w", err)
	}
	if err := probeMemory(); err != nil {
		return ExitFailed, err
	}
	if o.Reap {
		if err := adoptOrphans(); err != nil {
			return ExitFailed, err
		}
	}
	if o.Bound {
		runtime.LockOSThread() // whose end is the one that Linux tells of
		defer runtime.UnlockOSThread()
	}
	l, remove, err := launchSomewhere(ctx, o, path)
	if err != nil {
		return ExitFailed, err
	}
	defer remove()
	exitCode, err = l.run(o)
	return exitCode, cmp.Or(err, ctx.Err())
}

func (o Options) withDefaults() Options {
	if o.Stdin == nil {
		o.Stdin = os.Stdin
	}
	if o.Stdout == nil {
		o.Stdout = os.Stdout
	}
	if o.Stderr == nil {
		o.Stderr = os.Stderr
	}
	o.CPUs = cmp.Or(o.CPUs, 1)
	if o.Current == nil {
		o.Current = func() *bpfsys.Kernel { return o.Kernel }
	}
	o.Stdout, o.Stderr = shareable(o.Stdout, o.Stderr)
	return o
}

// shareable lets warnings be written while the command writes. What is no file is written to by goroutines of os/exec, one
// for each writer that is not the other one too.
func shareable(stdout, stderr io.Writer) (io.Writer, io.Writer) {
	if _, file := stderr.(*os.File); file {
		return stdout, stderr
	}
	one := &lockedWriter{writer: stderr}
	if reflect.TypeOf(stdout).Comparable() && stdout == stderr {
		return one, one
	}
	return stdout, one
}

// lockedWriter is a writer for several goroutines.
type lockedWriter struct {
	mu     sync.Mutex
	writer io.Writer
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.writer.Write(p)
}

// run serves the shim, which becomes the command, until it ends.
func (l *launched) run(o Options) (int, error) {
	s, err := newSupervisor(l.listener, l.root, o)
	unix.Close(l.root)
	if err != nil {
		unix.Close(l.listener)
		unix.Close(l.socket)
		_ = l.cmd.Wait()
		return ExitFailed, err
	}
	defer s.close()
	s.start()
	defer passSignals(l.cmd.Process)()
	if o.Reap {
		defer reapOrphans(l.cmd.Process.Pid)()
	}
	failed := l.release()
	err = l.cmd.Wait()
	if failed != nil {
		return exitCodeOf(failed), fmt.Errorf("execute %s: %w", o.Args[0], failed)
	}
	return exitStatus(l.cmd, err)
}

// exitStatus follows the shells: 128 and the number of the signal for a command that was killed.
func exitStatus(cmd *exec.Cmd, err error) (int, error) {
	var exited *exec.ExitError
	if err != nil && !errors.As(err, &exited) {
		return ExitFailed, fmt.Errorf("wait for command: %w", err)
	}
	status := cmd.ProcessState.Sys().(syscall.WaitStatus)
	if status.Signaled() {
		return 128 + int(status.Signal()), nil
	}
	return status.ExitStatus(), nil
}

// exitCodeOf tells a command that is missing from one that cannot run.
func exitCodeOf(err error) int {
	var reported *shimError
	if errors.As(err, &reported) {
		err = reported.errno
	}
	switch {
	case errors.Is(err, exec.ErrNotFound), errors.Is(err, fs.ErrNotExist):
		return ExitNotFound
	case errors.Is(err, fs.ErrPermission), reported != nil && reported.kind == reportExec, errors.Is(err, unix.EISDIR):
		return ExitNotExecutable
	}
	return ExitFailed
}
