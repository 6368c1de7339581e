//go:build linux && (amd64 || arm64)

package bpftest

import (
	"context"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"

	"github.com/bpfsim/bpfsim/btf"
	"github.com/bpfsim/bpfsim/intercept"
	"github.com/bpfsim/bpfsim/syscall"
	"golang.org/x/sys/unix"
)

// ways are the connections between the kernel and the tests: one for requests, and one to wait for runs of programs.
const ways = 2

// simulate runs this test binary once more and answers it.
func simulate(s settings) (status int, err error) {
	if s.cpus, err = s.possibleCPUs(); err != nil {
		return 0, err
	}
	types, own, err := s.types()
	if err != nil {
		return 0, err
	}
	h := newHost(s.cpus, types)
	var theirs []string
	for range ways {
		ours, fd, err := socketPair()
		if err != nil {
			return 0, err
		}
		defer unix.Close(fd)
		theirs = append(theirs, strconv.Itoa(fd))
		go h.serve(ours)
	}
	os.Setenv(socketName, strings.Join(theirs, ","))
	self, err := os.Executable()
	if err != nil {
		return 0, fmt.Errorf("find the test binary: %w", err)
	}
	status, err = intercept.Run(context.Background(), intercept.Options{Current: h.current, Record: h.recorderOf, Caps: bpfsys.Root, CPUs: s.cpus, Types: own, Bound: true,
		Args: append([]string{self}, os.Args[1:]...)})
	return status, err
}

// types are those of the kernel; own are the ones that were asked for, nil for the host's.
func (s settings) types() (types func() *btf.BTF, own *btf.BTF, err error) {
	if s.btf == "" {
		return hostTypes, nil, nil
	}
	if own, err = intercept.KernelTypes(s.btf); err != nil {
		return nil, nil, err
	}
	return func() *btf.BTF { return own }, own, nil
}

// hostTypes are the host's, read once: each test has a kernel of its own.
var hostTypes = sync.OnceValue(intercept.HostTypes)

// maxCPUs is the largest CONFIG_NR_CPUS of x86 and arm64.
const maxCPUs = 8192

// possibleCPUs is the number that was asked for, or else the host's.
func (s settings) possibleCPUs() (int, error) {
	if s.cpus == 0 {
		return intercept.PossibleCPUs()
	}
	if s.cpus < 1 || s.cpus > maxCPUs {
		return 0, fmt.Errorf("%d CPUs: want 1 to %d", s.cpus, maxCPUs)
	}
	return s.cpus, nil
}

// socketPair connects this process with the tests', which inherit their end.
func socketPair() (ours net.Conn, theirs int, err error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, -1, fmt.Errorf("make socket pair: %w", err)
	}
	if _, err = unix.FcntlInt(uintptr(pair[1]), unix.F_SETFD, 0); err != nil {
		return nil, -1, fmt.Errorf("let the tests inherit a socket: %w", err)
	}
	ours, err = connection(pair[0])
	return ours, pair[1], err
}

// connection takes fd over.
func connection(fd int) (net.Conn, error) {
	file := os.NewFile(uintptr(fd), "kernel")
	defer file.Close()
	return net.FileConn(file)
}

// connect is simulate's other end, in the tests' process, whose children shall not have it.
func connect(sockets string) error {
	var all []*remote
	for text := range strings.SplitSeq(sockets, ",") {
		fd, err := strconv.Atoi(text)
		if err != nil {
			return err
		}
		unix.CloseOnExec(fd)
		c, err := connection(fd)
		if err != nil {
			return err
		}
		all = append(all, newRemote(c))
	}
	if len(all) != ways {
		return fmt.Errorf("%s=%s: want %d fds", socketName, sockets, ways)
	}
	all[0].runs = all[1]
	kernel = all[0]
	return nil
}
