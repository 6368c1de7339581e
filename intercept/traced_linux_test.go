//go:build linux && (amd64 || arm64)

package intercept_test

import (
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/syscall"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// traced makes one call of each kind, from one thread.
func traced(c client) {
	runtime.LockOSThread()
	dir := os.Getenv("BPFSIM_BPFFS")
	name := [abi.NameLen]byte{'t', '.', '1'}
	fd := int32(c.check(bpf(bpfsys.MapCreate{Type: abi.Hash, KeySize: 4, ValueSize: 4, MaxEntries: 9, Name: name, Flags: abi.FlagZeroSeed})))
	c.update(int(fd), 1, 0x32003100)
	c.update(int(fd), 2, 5)
	c.lookup(int(fd), 1)
	c.lookup(int(fd), 9)
	key := &new([10]uint32)[0]
	*key = 9
	_, errno := bpf(bpfsys.MapGetNextKey{FD: fd, Key: addr(key), NextKey: addr(key)})
	require.Zero(c, errno)
	keys, values, cursor := new([4]uint32), new([4]uint32), new(uint32)
	_, errno = bpf(bpfsys.MapLookupBatch{FD: fd, Keys: addr(keys), Values: addr(values), Out: addr(cursor), Count: 4})
	require.Equal(c, unix.ENOENT, errno)
	c.pop(int(fd))
	bpf(bpfsys.MapDeleteElem{FD: fd, Key: addr(key)})
	bpf(bpfsys.MapFreeze{FD: fd})
	c.pin(int(fd), dir+"/x")
	c.get(dir+"/absent", abi.FlagReadOnly)
	c.ids()
	bpf(bpfsys.MapGetFDByID{ID: 7})
	bpf(bpfsys.MapDump{FD: fd})
	license := pathname("GPL")
	bpf(bpfsys.ProgLoad{Type: 1, InsnCnt: 1 << 20, License: addr(license), Name: name, Flags: 1})
	runtime.KeepAlive(license)
	junk(uintptr(abi.BTFLoad), uintptr(addr(key)), 40)
	junk(uintptr(abi.LinkCreate), uintptr(addr(key)), 16)
	junk(99, uintptr(addr(key)), 4)
	junk(0, 16, 72)
}

func TestTrace(t *testing.T) {
	var trace strings.Builder
	o := options()
	o.Trace, o.BPFFS = &trace, t.TempDir()
	runScenario(t, "traced", o)
	got := strings.ReplaceAll(trace.String(), o.BPFFS, "DIR")
	got = regexp.MustCompile(`0x[0-9a-f]{6,}`).ReplaceAllString(got, "ADDRESS")
	got = regexp.MustCompile(`(fd=|168\) = )[1-9]\d*`).ReplaceAllString(got, "${1}FD")
	want, err := os.ReadFile(filepath.Join("testdata", "trace.txt"))
	require.NoError(t, err)
	require.Equal(t, string(want), got)
}

// Whatever a program passes, the trace goes on.
func TestTraceJunk(t *testing.T) {
	var trace strings.Builder
	o := options()
	o.Trace = &trace
	runScenario(t, "junk", o)
	require.Greater(t, strings.Count(trace.String(), "\n"), 2000)
}
