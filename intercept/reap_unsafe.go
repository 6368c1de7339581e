//go:build linux && (amd64 || arm64)

package intercept

import (
	"fmt"
	"os"
	"os/signal"
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
// left to whoever waits for it.
func reapOrphans(command int) func() {
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, unix.SIGCHLD)
	go func() {
		for range ended {
			for pid := zombie(); pid > 0 && pid != command; pid = zombie() {
				_, _ = unix.Wait4(pid, nil, unix.WNOHANG, nil)
			}
		}
	}()
	return func() {
		signal.Stop(ended)
		close(ended)
	}
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
