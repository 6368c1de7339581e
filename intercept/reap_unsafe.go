//go:build linux && (amd64 || arm64)

package intercept

import (
	"fmt"
	"os"
	"os/signal"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// adoptOrphans makes this process the parent of the command's orphans: Yama (kernel.yama.ptrace_scope 1) lets only
// ancestors read a process's memory.
func adoptOrphans() error {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("adopt orphans: %w", err)
	}
	return nil
}

// reapOrphans waits for adopted children as they end, until the function it returns is called. The command itself is
// left to whoever waits for it; when it stops, this process does.
func reapOrphans(command int) func() {
	changed := make(chan os.Signal, 1)
	signal.Notify(changed, unix.SIGCHLD)
	go func() {
		for range changed {
			for pid := zombie(); pid > 0 && pid != command; pid = zombie() {
				_, _ = unix.Wait4(pid, nil, unix.WNOHANG, nil)
			}
			stopWith(command)
		}
	}()
	return func() {
		signal.Stop(changed)
		close(changed)
	}
}

// settle is how long a stop must last: from the terminal, the end of one reaches us and the command one after the other.
const settle = 10 * time.Millisecond

// stopWith stops this process when the command has stopped, as by a shell's `suspend -f`: a shell that waits for us
// must learn of it. When somebody continues us the command goes on, too.
func stopWith(command int) {
	if !stopped(command) {
		return
	}
	time.Sleep(settle)
	if stopped(command) && unix.Kill(unix.Getpid(), unix.SIGSTOP) == nil {
		_ = unix.Kill(command, unix.SIGCONT)
	}
}

// stopped reports whether a child is stopped.
func stopped(child int) bool {
	var info unix.Siginfo
	err := unix.Waitid(unix.P_PID, child, &info, unix.WSTOPPED|unix.WNOHANG|unix.WNOWAIT, nil)
	return err == nil && info.Signo != 0
}

// zombie is a child that ended, 0 when there is none; it stays waitable.
func zombie() int {
	var info unix.Siginfo
	err := unix.Waitid(unix.P_ALL, 0, &info, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil)
	if err != nil || info.Signo == 0 {
		return 0
	}
	// si_pid lies behind three ints, aligned for a pointer (asm-generic/siginfo.h).
	return int(*(*int32)(unsafe.Add(unsafe.Pointer(&info), 16)))
}
