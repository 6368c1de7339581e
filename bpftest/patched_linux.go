//go:build linux && (amd64 || arm64)

package bpftest

import (
	"fmt"
	"os"
	"testing"

	"github.com/bpfsim/bpfsim/intercept"
	"github.com/bpfsim/bpfsim/syscall"
)

// runPatched is Main of tests whose client library hands its calls over.
func runPatched(m *testing.M, s settings) int {
	end, err := takeCalls(s)
	if err != nil {
		return unavailable(err)
	}
	defer end()
	return m.Run()
}

// takeCalls answers the calls of this process from now on, until the function it returns is called.
func takeCalls(s settings) (end func(), err error) {
	if s.cpus, err = s.possibleCPUs(); err != nil {
		return nil, err
	}
	types, ownTypes, err := s.types()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "bpfsim-bpffs-")
	if err != nil {
		return nil, fmt.Errorf("make bpffs directory: %w", err)
	}
	h := newHost(s.cpus, types)
	own, err := intercept.NewOwn(intercept.Options{Current: h.current, Caps: bpfsys.Root, CPUs: s.cpus, Types: ownTypes, BPFFS: dir}, &closes)
	if err != nil {
		_ = os.RemoveAll(dir)
		return nil, err
	}
	os.Setenv(bpffsName, dir)
	os.Setenv(ownName, "1")
	kernel = &direct{host: h, free: own.Sweep, watch: own.Watch}
	answerCalls(own)
	return func() {
		own.Close()
		_ = os.RemoveAll(dir)
	}, nil
}
