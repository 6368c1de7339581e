//go:build linux && (amd64 || arm64)

package intercept_test

import (
	"fmt"
	"os"
	"runtime"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/syscall"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// client is the test binary running as the command, under the filter: require works there as in a test.
type client struct{}

func (client) Errorf(format string, args ...any) { fmt.Printf(format, args...) }

func (client) FailNow() { os.Exit(1) }

// check requires a call to succeed and returns its result.
func (c client) check(ret int, errno unix.Errno) int {
	require.Equal(c, unix.Errno(0), errno)
	return ret
}

func (c client) create(typ abi.MapType, keySize, entries uint32) int {
	return c.check(bpf(bpfsys.MapCreate{Type: typ, KeySize: keySize, ValueSize: 4, MaxEntries: entries}))
}

func (c client) close(fd int) { require.NoError(c, unix.Close(fd)) }

// ids is the walk over all maps.
func (c client) ids() []uint32 {
	var ids []uint32
	for id := uint32(0); ; {
		next, errno := nextID(id)
		if errno == unix.ENOENT {
			return ids
		}
		require.Equal(c, unix.Errno(0), errno)
		ids, id = append(ids, next), next
	}
}

// alive requires that exactly n maps live.
func (c client) alive(n int, why string) { require.Len(c, c.ids(), n, why) }

func (c client) push(fd int, value uint32) unix.Errno {
	_, errno := bpf(bpfsys.MapUpdateElem{FD: int32(fd), Value: addr(&value)})
	runtime.KeepAlive(&value)
	return errno
}

func (c client) pop(fd int) (uint32, unix.Errno) {
	value := new(uint32)
	_, errno := bpf(bpfsys.MapLookupAndDeleteElem{FD: int32(fd), Value: addr(value)})
	return *value, errno
}

func (c client) update(fd int, key, value uint32) unix.Errno {
	_, errno := bpf(bpfsys.MapUpdateElem{FD: int32(fd), Key: addr(&key), Value: addr(&value)})
	return errno
}

func (c client) lookup(fd int, key uint32) (uint32, unix.Errno) {
	value := new(uint32)
	_, errno := bpf(bpfsys.MapLookupElem{FD: int32(fd), Key: addr(&key), Value: addr(value)})
	return *value, errno
}

// pathname is a C string.
func pathname(path string) *byte { return &append([]byte(path), 0)[0] }

func (c client) pin(fd int, path string) unix.Errno {
	name := pathname(path)
	_, errno := bpf(bpfsys.ObjPin{FD: int32(fd), Pathname: addr(name)})
	runtime.KeepAlive(name)
	return errno
}

func (c client) get(path string, flags uint32) (int, unix.Errno) {
	name := pathname(path)
	fd, errno := bpf(bpfsys.ObjGet{Pathname: addr(name), Flags: flags})
	runtime.KeepAlive(name)
	return fd, errno
}
