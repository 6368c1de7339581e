//go:build linux && (amd64 || arm64)

package intercept

import (
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"

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

// keeper is it as the supervisor sees it: a process that is started again when somebody, the OOM killer for one, ends it.
type keeper struct {
	listener int
	memory   *os.File // has the calls that the supervisor has received; nil when there is none

	mu     sync.Mutex
	cmd    *exec.Cmd
	socket *os.File
	ended  chan struct{} // closed when cmd has ended
	over   bool          // the listener was handed over
}

// restartPause keeps a host on which no keeper survives from being busy with it.
const restartPause = 100 * time.Millisecond

// startKeeper starts the keeper of a listener. It takes over memory.
func startKeeper(listener int, memory *os.File) (*keeper, error) {
	k := &keeper{listener: listener, memory: memory}
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.start(); err != nil {
		memory.Close()
		return nil, err
	}
	return k, nil
}

// start starts the process and whoever waits for its end. The caller holds k.mu.
func (k *keeper) start() error {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("make socket pair: %w", err)
	}
	theirs := os.NewFile(uintptr(pair[1]), "keeper socket")
	defer theirs.Close()
	socket := os.NewFile(uintptr(pair[0]), "keeper")
	cmd, err := startProcess(theirs, k.listener, k.memory)
	if err != nil {
		socket.Close()
		return err
	}
	ended := make(chan struct{})
	k.cmd, k.socket, k.ended = cmd, socket, ended
	go func() {
		_ = cmd.Wait()
		close(ended)
		socket.Close()
		time.AfterFunc(restartPause, k.restart)
	}()
	return nil
}

// startProcess starts this program as the keeper.
func startProcess(socket *os.File, listener int, memory *os.File) (*exec.Cmd, error) {
	listening, err := duplicate(listener)
	if err != nil {
		return nil, fmt.Errorf("duplicate listener: %w", err)
	}
	defer listening.Close()
	cmd := exec.Command("/proc/self/exe")
	cmd.Args, cmd.Dir, cmd.Env = []string{keeperName}, "/", []string{"GOMAXPROCS=1"}
	cmd.ExtraFiles = []*os.File{socket, listening, memory}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start keeper: %w", err)
	}
	return cmd, nil
}

// restart replaces a keeper that has ended before its time.
func (k *keeper) restart() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.over && k.start() != nil {
		time.AfterFunc(restartPause, k.restart)
	}
}

// handOver leaves the listener to the keeper, or ends the keeper when nobody is left under the filter.
func (k *keeper) handOver() {
	if k == nil {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.over {
		return
	}
	k.over = true
	if hungUp(k.listener) {
		_ = k.cmd.Process.Kill()
		<-k.ended
	} else if closed(k.ended) {
		_ = k.start() // there is nobody to tell of an error
	}
	k.socket.Close()
	k.memory.Close()
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
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
	if calls, err := mapCalls(keeperCalls, unix.MAP_SHARED); err == nil {
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
