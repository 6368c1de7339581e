//go:build linux && (amd64 || arm64)

package intercept

import (
	"fmt"
	"math"
	"os"
	"runtime"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// shimName is argv[0] of this program when it is started again to become the command: its own thread must enter the
// filter, and only between fork and exec can a Go program not do that itself.
const shimName = "bpfsim-shim"

// shim is this program on its way to become the command.
type shim struct {
	socket    int // to the supervisor
	mode, dir string
	path      string // of the command
	args      []string
}

// shimArgs are the arguments before the command's.
const shimArgs = 5

// The first argument of the shim says whether dir shall become a private mount.
const (
	mountTmpfs = "mount"
	plainDir   = "plain"
)

// What the shim reports: one letter, then the error's number and text.
const (
	reportReady = 'r'
	reportMount = 'm'
	reportSetup = 's'
	reportExec  = 'x'
)

// init runs on the main thread, the one that lives on as the command after execve.
func init() {
	if len(os.Args) <= shimArgs || os.Args[0] != shimName {
		return
	}
	runtime.LockOSThread()
	socket, err := strconv.Atoi(os.Args[1])
	if err != nil {
		os.Exit(ExitFailed)
	}
	s := shim{socket, os.Args[2], os.Args[3], os.Args[4], os.Args[shimArgs:]}
	s.become()
	os.Exit(ExitFailed)
}

// become becomes the command; it returns only on failure, which it reported.
func (s *shim) become() {
	unix.CloseOnExec(s.socket)
	if s.mode == mountTmpfs {
		if err := mountOver(s.dir); err != nil {
			s.report(reportMount, err)
			return
		}
	}
	if err := dropPrivileges(); err != nil {
		s.report(reportSetup, err)
		return
	}
	if err := s.enterFilter(); err != nil {
		s.report(reportSetup, err)
		return
	}
	s.report(reportExec, execute(s.path, s.args))
}

// shell runs what execve(2) takes for no program: a script without a first line that names its interpreter.
const shell = "/bin/sh"

// execute becomes a command as execvp(3) does, which env(1), nohup(1) and the shells follow.
func execute(path string, args []string) error {
	err := syscall.Exec(path, args, os.Environ())
	if err == unix.ENOEXEC {
		err = syscall.Exec(shell, append([]string{shell, path}, args[1:]...), os.Environ())
	}
	return err
}

// mountSource is the name that the private mount has in the table of mounts.
const mountSource = "bpffs"

// mountOver puts a private file system over dir.
func mountOver(dir string) error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_SLAVE, ""); err != nil {
		return fmt.Errorf("make mounts private: %w", err)
	}
	flags := uintptr(unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC)
	if err := unix.Mount(mountSource, dir, "tmpfs", flags, "mode=1777,size=1"); err != nil {
		return fmt.Errorf("mount over %s: %w", dir, err)
	}
	return nil
}

// dropPrivileges gives up the capability that made the mount, so that the command has what it would have without us,
// and the way to gain any, without which an unprivileged filter is not allowed. Root outside keeps its own.
func dropPrivileges() error {
	if os.Geteuid() != 0 {
		if err := unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0); err != nil {
			return fmt.Errorf("clear ambient capabilities: %w", err)
		}
		header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
		var none [2]unix.CapUserData
		if err := unix.Capset(&header, &none[0]); err != nil {
			return fmt.Errorf("drop capabilities: %w", err)
		}
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("set no_new_privs: %w", err)
	}
	return nil
}

// enterFilter sends the listener and the bpffs directory to the supervisor and waits until it serves.
func (s *shim) enterFilter() error {
	root, err := unix.Open(s.dir, openHandle|unix.O_DIRECTORY, 0)
	if err != nil {
		return fmt.Errorf("open bpffs: %w", err)
	}
	listener, err := newListener()
	if err != nil {
		return err
	}
	if err := unix.Sendmsg(s.socket, []byte{reportReady}, unix.UnixRights(listener, root), nil, 0); err != nil {
		return fmt.Errorf("send listener: %w", err)
	}
	unix.Close(listener)
	unix.Close(root)
	var word [1]byte
	if n, err := unix.Read(s.socket, word[:]); err != nil || n != 1 {
		return fmt.Errorf("wait for the supervisor: %d bytes, %v", n, err)
	}
	return probe()
}

// probe makes the first call of all, of a command that does not exist. Where an outer filter refuses bpf(2), as
// Docker's default profile does, that outranks ours, and the command would only see EPERM.
func probe() error {
	_, _, errno := unix.Syscall(unix.SYS_BPF, math.MaxUint32, 0, 0)
	if errno != unix.EINVAL {
		return fmt.Errorf("bpf(2) does not reach bpfsim, "+outerFilter+": %w", errno)
	}
	return nil
}

const outerFilter = "an outer seccomp filter refuses it (a container's? docker run --security-opt seccomp=unconfined)"

// probeMemory copies nothing, with the call that answers are written with; for process_vm_readv(2) there is another way.
func probeMemory() error {
	if _, err := unix.ProcessVMWritev(os.Getpid(), nil, nil, 0); err != nil {
		return fmt.Errorf("write to the command by process_vm_writev(2): "+outerFilter+": %w", err)
	}
	return nil
}

// newListener needs WAIT_KILLABLE_RECV (Linux 5.19): without it a signal makes the caller repeat a call that was
// already carried out.
func newListener() (int, error) {
	flags := uint(unix.SECCOMP_FILTER_FLAG_NEW_LISTENER | unix.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV)
	listener, errno := enter(filter(), flags)
	switch errno {
	case 0:
		return listener, nil
	case unix.EINVAL:
		return 0, fmt.Errorf("install filter (needs Linux 5.19): %w", errno)
	case unix.EBUSY:
		return 0, fmt.Errorf("install filter (already under bpfsim or another seccomp listener): %w", errno)
	}
	return 0, fmt.Errorf("install filter: %w", errno)
}

// report tells the supervisor what went wrong. When that fails too there is nobody left to tell.
func (s *shim) report(kind byte, err error) {
	errno, _ := err.(unix.Errno)
	message := append([]byte{kind, byte(errno)}, err.Error()...)
	_, _ = unix.Write(s.socket, message)
}
