package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/intercept"
	"github.com/bpfsim/bpfsim/maps"
	bpfsys "github.com/bpfsim/bpfsim/syscall"
)

// kernelSocket names the socket on which the parent does what the tests ask for in the programs' stead.
const kernelSocket = "AGENT_TEST_KERNEL"

// TestMain runs the tests in a child whose bpf(2) this process answers, so that it can play the kernel's side. Under
// `bpfsim run`, which does the first and has no second, the tests that need the kernel's side are skipped.
func TestMain(m *testing.M) {
	if os.Getenv("BPFSIM_BPFFS") != "" {
		os.Exit(m.Run())
	}
	code, err := runTests()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(code)
}

func runTests() (int, error) {
	dir, err := os.MkdirTemp("", "agent")
	if err != nil {
		return intercept.ExitFailed, err
	}
	defer os.RemoveAll(dir)
	socket := filepath.Join(dir, "kernel")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return intercept.ExitFailed, err
	}
	defer listener.Close()
	os.Setenv(kernelSocket, socket)
	cpus, err := intercept.PossibleCPUs()
	if err != nil {
		return intercept.ExitFailed, err
	}
	kernel := bpfsys.NewKernel(bpfsys.Options{CPUs: cpus})
	go serve(listener, kernel)
	return intercept.Run(context.Background(), intercept.Options{Kernel: kernel, CPUs: cpus, Caps: bpfsys.Root, Args: os.Args})
}

// action is what a program does to a map: a record for a ring buffer, or an element.
type action struct {
	Map        string
	CPU        int
	Key, Value []byte
}

func serve(listener net.Listener, kernel *bpfsys.Kernel) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		var do action
		errno := abi.EINVAL
		if json.NewDecoder(conn).Decode(&do) == nil {
			errno = do.on(kernel)
		}
		_ = json.NewEncoder(conn).Encode(errno)
		conn.Close()
	}
}

func (do action) on(kernel *bpfsys.Kernel) abi.Errno {
	task := &maps.Task{CPU: do.CPU}
	for _, m := range kernel.Maps() {
		if m.Name() != do.Map {
			continue
		}
		switch m := m.Elements().(type) {
		case maps.Ring:
			return m.Output(task, do.Value, 0)
		case maps.PartUpdater:
			return m.UpdatePart(task, do.Key, do.Value, 0)
		case maps.Updater:
			return m.Update(task, do.Key, do.Value, 0)
		}
	}
	return abi.ENOENT
}

// kernel does in a map what a program would, and returns the helper's result.
func (do action) kernel(t *testing.T) abi.Errno {
	t.Helper()
	socket := os.Getenv(kernelSocket)
	if socket == "" {
		t.Skip("nobody plays the kernel's side here: run go test without bpfsim run")
	}
	conn, err := net.Dial("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := json.NewEncoder(conn).Encode(do); err != nil {
		t.Fatal(err)
	}
	var errno abi.Errno
	if err := json.NewDecoder(conn).Decode(&errno); err != nil {
		t.Fatal(err)
	}
	return errno
}
