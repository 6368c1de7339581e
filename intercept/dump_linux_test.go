//go:build linux && (amd64 || arm64)

package intercept_test

import (
	"runtime"
	"slices"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/syscall"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// The commands that no kernel has, on a program's own memory, and the number that the RFC's tree gave one of them.
func TestDumps(t *testing.T) {
	o := options()
	o.Kernel = bpfsys.NewKernel(bpfsys.Options{CPUs: o.CPUs, Numbers: map[abi.Cmd]abi.Cmd{23: abi.MapDump}})
	runScenario(t, "dumps", o)
}

// renumbered is a MapDump under another number.
type renumbered struct{ bpfsys.MapDump }

func (renumbered) Cmd() abi.Cmd { return 23 }

func dumps(c client) {
	fd := c.create(abi.Hash, 4, 8)
	for key := range uint32(3) {
		require.Equal(c, unix.Errno(0), c.update(fd, key, key+10))
	}
	records, room := make([]uint32, 16), new(uint32)
	dump := bpfsys.MapDump{FD: int32(fd), Buf: addr(&records[0]), BufLen: addr(room)}
	july := bpfsys.MapDumpJuly{FD: int32(fd), Buf: dump.Buf, BufLen: dump.BufLen, Flags: abi.DumpBucket}
	for _, args := range []bpfsys.Args{dump, renumbered{dump}, july, bpfsys.MapDumpAndDelete(july)} {
		*room = 64
		clear(records)
		c.check(bpf(args))
		require.Equal(c, uint32(3*8), *room)
		keys := []uint32{records[0], records[2], records[4]}
		for i, key := range keys {
			require.Equal(c, key+10, records[2*i+1])
		}
		slices.Sort(keys)
		require.Equal(c, []uint32{0, 1, 2}, keys)
	}
	*room = 64
	_, errno := bpf(dump)
	require.Equal(c, unix.ENOENT, errno, "the last dump took everything out")
	runtime.KeepAlive(records)
	runtime.KeepAlive(room)
}
