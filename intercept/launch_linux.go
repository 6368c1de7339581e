//go:build linux && (amd64 || arm64)

package intercept

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
)

// mountPoint is where every client looks for a bpffs.
const mountPoint = "/sys/fs/bpf"

// place is a way to give the command its bpffs.
type place struct {
	mode  string
	dir   string
	flags uintptr // clone(2) flags
}

// places are the ways to try, best first. Root needs no user namespace, not for AsRoot either, and where even root has
// none of its capabilities (a container) a user namespace may still help.
func places() []place {
	user := place{mountTmpfs, mountPoint, unix.CLONE_NEWUSER | unix.CLONE_NEWNS}
	if os.Geteuid() == 0 {
		return []place{{mountTmpfs, mountPoint, unix.CLONE_NEWNS}, user}
	}
	return []place{user}
}

// launched is a shim that waits for the word to become the command.
type launched struct {
	cmd      *exec.Cmd
	socket   int
	listener int
	root     int // the bpffs directory, O_PATH
}

// shimError is what the shim reported instead of becoming the command.
type shimError struct {
	kind  byte
	errno unix.Errno
	text  string
}

func (e *shimError) Error() string { return e.text }

// launch starts the shim with the bpffs at p.
func launch(ctx context.Context, o Options, path string, p place) (*launched, error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("make socket pair: %w", err)
	}
	l := &launched{cmd: shimCommand(ctx, o, path, p), socket: pair[0]}
	err = startBeside(l.cmd, os.NewFile(uintptr(pair[1]), "shim socket"))
	if err != nil {
		unix.Close(l.socket)
		return nil, err
	}
	if err := l.receive(); err != nil {
		unix.Close(l.socket)
		_ = l.cmd.Wait()
		return nil, err
	}
	return l, nil
}

func shimCommand(ctx context.Context, o Options, path string, p place) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "/proc/self/exe")
	cmd.Args = append([]string{shimName, "socket", p.mode, p.dir, path}, o.Args...)
	cmd.Env = environ(p.dir)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = o.Stdin, o.Stdout, o.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: p.flags}
	if o.Bound {
		cmd.SysProcAttr.Pdeathsig = unix.SIGKILL
	}
	if p.flags&unix.CLONE_NEWUSER != 0 {
		userNamespace(cmd.SysProcAttr, o.AsRoot)
	}
	return cmd
}

// maxReport bounds a message from the shim.
const maxReport = 4096

// receive waits for the listener and the bpffs directory.
func (l *launched) receive() error {
	buf, oob := make([]byte, maxReport), make([]byte, unix.CmsgSpace(2*4))
	n, oobn, _, _, err := retryRecv(l.socket, buf, oob)
	if err != nil {
		return fmt.Errorf("hear from shim: %w", err)
	}
	if err := parseReport(buf[:n]); err != nil {
		return err
	}
	messages, err := unix.ParseSocketControlMessage(oob[:oobn])
	if err != nil || len(messages) != 1 {
		return fmt.Errorf("receive listener: %d messages, %v", len(messages), err)
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	if err != nil || len(fds) != 2 {
		return fmt.Errorf("receive listener: %d fds, %v", len(fds), err)
	}
	l.listener, l.root = fds[0], fds[1]
	return nil
}

func retryRecv(socket int, buf, oob []byte) (n, oobn, flags int, from unix.Sockaddr, err error) {
	for {
		n, oobn, flags, from, err = unix.Recvmsg(socket, buf, oob, unix.MSG_CMSG_CLOEXEC)
		if err != unix.EINTR {
			return n, oobn, flags, from, err
		}
	}
}

// parseReport turns a message of the shim's into an error, nil when the shim is ready.
func parseReport(message []byte) error {
	switch {
	case len(message) == 0:
		return errors.New("the shim ended without a word")
	case message[0] == reportReady:
		return nil
	case len(message) < 2:
		return errors.New("the shim's report is cut")
	}
	return &shimError{message[0], unix.Errno(message[1]), string(message[2:])}
}

// release lets the shim become the command and returns its error when it cannot.
func (l *launched) release() error {
	defer unix.Close(l.socket)
	if _, err := unix.Write(l.socket, []byte{1}); err != nil {
		return fmt.Errorf("release shim: %w", err)
	}
	buf := make([]byte, maxReport)
	n, _, _, _, err := retryRecv(l.socket, buf, nil)
	if err != nil || n == 0 { // the socket was closed by execve
		return err
	}
	return parseReport(buf[:n])
}

// launchSomewhere starts the shim with a bpffs where o asks for it, or else at the first place that works. The function
// it returns removes a temporary directory.
func launchSomewhere(ctx context.Context, o Options, path string) (*launched, func(), error) {
	if o.BPFFS != "" {
		l, err := launchAt(ctx, o, path, o.BPFFS)
		return l, func() {}, err
	}
	var refused error
	for _, p := range places() {
		l, err := launch(ctx, o, path, p)
		if err == nil {
			return l, func() {}, nil
		}
		refused = err
	}
	return launchFallback(ctx, o, path, refused)
}

func launchAt(ctx context.Context, o Options, path, dir string) (*launched, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("find bpffs directory: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make bpffs directory: %w", err)
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil { // as the kernel names it where a program asks
		return nil, fmt.Errorf("find bpffs directory: %w", err)
	}
	p := place{mode: plainDir, dir: dir}
	if o.AsRoot && os.Geteuid() != 0 {
		p.flags = unix.CLONE_NEWUSER | unix.CLONE_NEWNS // where it may mount, as root expects
	}
	l, err := launch(ctx, o, path, p)
	if err != nil && p.flags != 0 {
		return nil, fmt.Errorf("make the command root: %w", refusedNamespace(err))
	}
	return l, err
}

func launchFallback(ctx context.Context, o Options, path string, refused error) (*launched, func(), error) {
	dir, err := os.MkdirTemp("", "bpfsim-bpffs-")
	if err != nil {
		return nil, nil, fmt.Errorf("make bpffs directory: %w", err)
	}
	remove := func() { _ = os.RemoveAll(dir) }
	l, err := launchAt(ctx, o, path, dir)
	if err != nil {
		remove()
		return nil, nil, err
	}
	warn(o.Stderr, "no private mount over %s: %v; the bpffs is at %s, which $BPFSIM_BPFFS names, and programs that look in %[1]s "+
		"find the host's", mountPoint, refusedNamespace(refused), dir)
	return l, remove, nil
}

func warn(w io.Writer, format string, args ...any) {
	fmt.Fprintf(w, "bpfsim: "+format+"\n", args...)
}
