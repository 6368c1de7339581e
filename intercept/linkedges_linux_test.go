//go:build linux && (amd64 || arm64)

package intercept_test

import (
	"os"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/syscall"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

var linkEdges = map[string]func(client){"longNames": longNames, "defragments": defragments, "directDissector": directDissector}

// Where the checks of links end, Linux's end.
func TestLinkEdges(t *testing.T) {
	for name := range linkEdges {
		t.Run(name, func(t *testing.T) {
			t.Run("linux", func(t *testing.T) { runOnLinux(t, name) })
			t.Run("run", func(t *testing.T) { runScenario(t, name, options()) })
		})
	}
}

// longNames: of a tracepoint's name 127 bytes are read, and no more.
func longNames(c client) {
	size := os.Getpagesize()
	pages, err := unix.Mmap(-1, 0, 2*size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	require.NoError(c, err)
	for i := range pages[:size] {
		pages[i] = 'x'
	}
	require.NoError(c, unix.Mprotect(pages[size:], unix.PROT_NONE))
	program := int32(c.program(abi.ProgRawTracepoint, 0))
	for length, want := range map[int]unix.Errno{128: unix.ENOENT, 127: unix.ENOENT, 126: unix.EFAULT} {
		_, errno := bpf(bpfsys.RawTracepointOpen{Name: addr(&pages[size-length]), ProgFD: program})
		require.Equal(c, want, errno, "%d bytes", length)
	}
}

// defragments: packets are put together at priority -400, before which no program may ask for it.
func defragments(c client) {
	program := c.program(abi.ProgNetfilter, abi.AttachNetfilter)
	for _, priority := range []int32{-401, -400} {
		errno := bpfWords(abi.LinkCreate, map[int]uint32{abi.LinkCreateProgFD: uint32(program), abi.LinkCreateAttachType: uint32(abi.AttachNetfilter),
			abi.LinkNetfilterFamily: unix.AF_INET, abi.LinkNetfilterPriority: uint32(priority), abi.LinkNetfilterFlags: 1})
		require.Equal(c, unix.ERANGE, errno, "priority %d", priority)
	}
}

// directDissector: a link does not replace a program that is there without one.
func directDissector(c client) {
	if !c.inNetNS() {
		return
	}
	ns := c.reading("/proc/thread-self/ns/net")
	program := int32(c.program(abi.ProgFlowDissector, abi.AttachFlowDissector))
	c.check(bpf(bpfsys.ProgAttach{ProgFD: program, At: abi.AttachFlowDissector}))
	_, errno := bpf(bpfsys.LinkCreate{ProgFD: program, Target: int32(ns), At: abi.AttachFlowDissector})
	require.Equal(c, unix.EEXIST, errno)
}
