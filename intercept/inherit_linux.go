//go:build linux && (amd64 || arm64)

package intercept

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"
)

// inherited are the fds that survive an exec of this process, from 3 on, in order: those that whoever started it left
// open. The command gets them under the same numbers.
func inherited() []int {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return nil
	}
	var fds []int
	for _, entry := range entries {
		fd, err := strconv.Atoi(entry.Name())
		if err != nil || fd < 3 {
			continue
		}
		if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err == nil && flags&unix.FD_CLOEXEC == 0 {
			fds = append(fds, fd)
		}
	}
	slices.Sort(fds)
	return fds
}

// startBeside starts the shim with its socket, which it takes over, at the first number that no inherited fd has. Those below
// it are handed over one by one, as os/exec closes what it is not told of below the last; those above stay by themselves.
func startBeside(cmd *exec.Cmd, socket *os.File) error {
	defer socket.Close()
	at := 3
	for _, fd := range inherited() {
		if fd != at {
			break
		}
		file, err := duplicate(fd)
		if err != nil {
			return fmt.Errorf("hand fd %d over: %w", fd, err)
		}
		defer file.Close()
		cmd.ExtraFiles = append(cmd.ExtraFiles, file)
		at++
	}
	cmd.ExtraFiles = append(cmd.ExtraFiles, socket)
	cmd.Args[1] = strconv.Itoa(at)
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start shim: %w", err)
	}
	return nil
}

// duplicate opens the file behind a fd once more.
func duplicate(fd int) (*os.File, error) {
	again, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(again), "fd "+strconv.Itoa(fd)), nil
}
