//go:build linux && (amd64 || arm64)

package intercept

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"

	"github.com/bpfsim/bpfsim/abi"
	"golang.org/x/sys/unix"
)

// keeperName is argv[0] of this program when it is started again as the keeper: the process that answers whoever is left
// under the filter when the supervisor is gone, however it went. Without it they could open no files any more. For them
// bpf(2) is ENOSYS, as on a kernel without it; everything else is as on Linux. The keeper ends with the last of them.
const keeperName = "bpfsim-keeper"

// What the keeper inherits, behind the three standard fds.
const (
	keeperSocket   = 3 + iota // ends with the supervisor
	keeperListener            // a duplicate
	keeperCalls               // the memory of sharedCalls
	keeperFDs
)

// keeper is it as the supervisor sees it.
type keeper struct {
	cmd    *exec.Cmd
	socket *os.File
	ended  chan struct{}
}

// startKeeper starts the keeper of a listener. memory holds the calls that the supervisor has received.
func startKeeper(listener int, memory *os.File) (*keeper, error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("make socket pair: %w", err)
	}
	theirs := os.NewFile(uintptr(pair[1]), "keeper socket")
	defer theirs.Close()
	k := &keeper{socket: os.NewFile(uintptr(pair[0]), "keeper"), ended: make(chan struct{})}
	listening, err := duplicate(listener)
	if err != nil {
		k.socket.Close()
		return nil, fmt.Errorf("duplicate listener: %w", err)
	}
	defer listening.Close()
	k.cmd = exec.Command("/proc/self/exe")
	k.cmd.Args, k.cmd.Dir, k.cmd.Env = []string{keeperName}, "/", []string{"GOMAXPROCS=1"}
	k.cmd.ExtraFiles = []*os.File{theirs, listening, memory}
	k.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := k.cmd.Start(); err != nil {
		k.socket.Close()
		return nil, fmt.Errorf("start keeper: %w", err)
	}
	go func() {
		_ = k.cmd.Wait()
		close(k.ended)
	}()
	return k, nil
}

// handOver leaves the listener to the keeper, or ends the keeper when nobody is left under the filter.
func (k *keeper) handOver(listener int) {
	if k == nil {
		return
	}
	if hungUp(listener) {
		_ = k.cmd.Process.Kill()
		<-k.ended
	}
	k.socket.Close()
}

// hungUp reports whether nobody is left under the filter.
func hungUp(listener int) bool {
	fds := []unix.PollFd{{Fd: int32(listener)}}
	n, err := unix.Poll(fds, 0)
	return err == nil && n == 1 && fds[0].Revents&unix.POLLHUP != 0
}

func init() {
	if len(os.Args) == 1 && os.Args[0] == keeperName {
		keep()
		os.Exit(0)
	}
}

// keep is the keeper's work.
func keep() {
	closeInherited()
	waitForCall(-1, keeperSocket)
	if calls, err := mapCalls(keeperCalls); err == nil {
		for i := range calls {
			keepAnswer(&calls[i])
		}
	}
	var n notification
	for waitForCall(keeperListener, -1) {
		if errno := receive(keeperListener, &n); errno == 0 {
			keepAnswer(&n)
		}
	}
}

// keepAnswer answers a call that no supervisor will answer; for one that was answered it does nothing.
func keepAnswer(n *notification) {
	r := response{ID: n.ID, Flags: unix.SECCOMP_USER_NOTIF_FLAG_CONTINUE}
	if n.Number == unix.SYS_BPF {
		r = response{ID: n.ID, Error: -int32(abi.ENOSYS)}
	}
	send(keeperListener, &r)
}

// closeInherited closes what this process got from whoever started the supervisor: a pipe that stays open would keep its
// reader waiting.
func closeInherited() {
	for _, fd := range inherited() {
		if fd >= keeperFDs {
			unix.Close(fd)
		}
	}
}
