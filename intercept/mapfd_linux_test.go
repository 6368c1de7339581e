//go:build linux && (amd64 || arm64)

package intercept_test

import (
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/syscall"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// What a map's fd is good for besides bpf(2) is asked of Linux, where it lets us, and of a run, with the same
// expectations.
func TestMapFDs(t *testing.T) {
	for _, name := range []string{"mmapRefused", "mmapShared", "mmapFreeze", "mapFDs", "mappableCreate", "mmapKeepsFDFlags"} {
		t.Run(name, func(t *testing.T) {
			t.Run("linux", func(t *testing.T) { runOnLinux(t, name) })
			t.Run("run", func(t *testing.T) { runScenario(t, name, options()) })
		})
	}
}

// runOnLinux runs this test binary as a command on the host's own kernel.
func runOnLinux(t *testing.T, name string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root, for bpf(2) on the host")
	}
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), scenarioVar+"="+name, onLinuxVar+"=1")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
}

// onLinuxVar tells a scenario that no supervisor answers it.
const onLinuxVar = "BPFSIM_TEST_ON_LINUX"

func (c client) make(typ abi.MapType, valueSize, entries, flags uint32) int {
	args := bpfsys.MapCreate{Type: typ, KeySize: 4, ValueSize: valueSize, MaxEntries: entries, Flags: flags}
	if typ == abi.Queue {
		args.KeySize = 0
	}
	return c.check(bpf(args))
}

func (c client) freeze(fd int) unix.Errno {
	_, errno := bpf(bpfsys.MapFreeze{FD: int32(fd)})
	return errno
}

// again opens another fd of a map.
func (c client) again(fd int, flags uint32) int {
	return c.check(bpf(bpfsys.MapGetFDByID{ID: c.id(fd), OpenFlags: flags}))
}

func errnoOf(err error) unix.Errno {
	errno, _ := err.(unix.Errno)
	return errno
}

// tryMap maps a page and unmaps it again.
func tryMap(fd int, offset int64, length, prot, flags int) unix.Errno {
	b, err := unix.Mmap(fd, offset, length, prot, flags)
	if err == nil {
		_ = unix.Munmap(b)
	}
	return errnoOf(err)
}

const (
	protR  = unix.PROT_READ
	protRW = unix.PROT_READ | unix.PROT_WRITE
	shared = unix.MAP_SHARED
)

// mmapRefused is the table of what can be mapped, and the errno of what cannot.
func mmapRefused(c client) {
	const ok, notsupp = unix.Errno(0), unix.Errno(abi.ENOTSUPP)
	mappable := func() int { return c.make(abi.Array, 8, 1000, abi.FlagMmapable) }
	frozen := func(fd int) int { require.Zero(c, c.freeze(fd)); return fd }
	hash, array := c.make(abi.Hash, 8, 10, 0), c.make(abi.Array, 8, 10, 0)
	for _, row := range []struct {
		name              string
		fd                int
		none, read, write unix.Errno // PROT_NONE, PROT_READ, PROT_READ|PROT_WRITE
		exec              unix.Errno
	}{
		{"hash", hash, notsupp, notsupp, notsupp, unix.EPERM},
		{"lru", c.make(abi.LRUHash, 8, 10, 0), notsupp, notsupp, notsupp, unix.EPERM},
		{"queue", c.make(abi.Queue, 8, 10, 0), notsupp, notsupp, notsupp, unix.EPERM},
		{"frozen hash", frozen(c.make(abi.Hash, 8, 10, 0)), notsupp, notsupp, notsupp, unix.EPERM},
		{"read-only hash", c.again(hash, abi.FlagReadOnly), notsupp, notsupp, unix.EACCES, unix.EPERM},
		{"write-only hash", c.again(hash, abi.FlagWriteOnly), unix.EACCES, unix.EACCES, unix.EACCES, unix.EACCES},
		{"array", array, unix.EINVAL, unix.EINVAL, unix.EINVAL, unix.EPERM},
		{"frozen array", frozen(c.make(abi.Array, 8, 10, 0)), unix.EINVAL, unix.EINVAL, unix.EPERM, unix.EPERM},
		{"mappable", mappable(), ok, ok, ok, unix.EPERM},
		{"frozen mappable", frozen(mappable()), ok, ok, unix.EPERM, unix.EPERM},
		{"read-only mappable", c.again(mappable(), abi.FlagReadOnly), unix.EINVAL, unix.EINVAL, unix.EACCES, unix.EPERM},
		{"write-only mappable", c.again(mappable(), abi.FlagWriteOnly), unix.EACCES, unix.EACCES, unix.EACCES, unix.EACCES},
		{"by programs read", c.make(abi.Array, 8, 10, abi.FlagMmapable|abi.FlagReadOnlyProg), ok, ok, unix.EACCES, unix.EPERM},
		{"by programs written", c.make(abi.Array, 8, 10, abi.FlagMmapable|abi.FlagWriteOnlyProg), ok, ok, ok, unix.EPERM},
	} {
		for _, flags := range []int{shared, unix.MAP_SHARED_VALIDATE} {
			require.Equal(c, row.none, tryMap(row.fd, 0, 4096, unix.PROT_NONE, flags), "%s none", row.name)
			require.Equal(c, row.read, tryMap(row.fd, 0, 4096, protR, flags), "%s read", row.name)
			require.Equal(c, row.write, tryMap(row.fd, 0, 4096, protRW, flags), "%s write", row.name)
			require.Equal(c, row.exec, tryMap(row.fd, 0, 4096, protR|unix.PROT_EXEC, flags), "%s exec", row.name)
			require.Equal(c, row.read, tryMap(row.fd, 0, 4096, protR, flags), "%s read after all", row.name)
		}
	}
	handle, err := unix.Open(procFD(hash), unix.O_PATH|unix.O_CLOEXEC, 0)
	require.NoError(c, err)
	require.Equal(c, unix.EBADF, tryMap(handle, 0, 4096, protR, shared))
	mapWithin(c)
}

// mapWithin asks for parts of an array of 1,000 values of 5 bytes, which take 8 bytes each and two pages together.
func mapWithin(c client) {
	fd := c.make(abi.Array, 5, 1000, abi.FlagMmapable)
	for _, row := range []struct {
		offset int64
		length int
		want   unix.Errno
	}{
		{0, 8192, 0}, {0, 8000, 0}, {0, 4096, 0}, {0, 1, 0}, {4096, 4096, 0}, {0, 8193, unix.EINVAL}, {0, 12288, unix.EINVAL},
		{8192, 4096, unix.EINVAL}, {4096, 8192, unix.EINVAL}, {1, 4096, unix.EINVAL}, {0, 1 << 40, unix.EINVAL},
		{1 << 40, 4096, unix.EINVAL},
	} {
		for _, prot := range []int{protR, protRW} {
			require.Equal(c, row.want, tryMap(fd, row.offset, row.length, prot, shared), "%+v", row)
		}
	}
}

// mmapShared sees elements change on both sides of bpf(2).
func mmapShared(c client) {
	fd := c.make(abi.Array, 4, 1500, abi.FlagMmapable)
	memory, err := unix.Mmap(fd, 0, 12288, protRW, shared)
	require.NoError(c, err)
	reader, err := unix.Mmap(c.again(fd, 0), 8192, 4096, protR, shared)
	require.NoError(c, err)
	require.Equal(c, make([]byte, len(memory)), memory)

	require.Zero(c, c.update(fd, 1499, 0x04030201))
	require.Equal(c, []byte{1, 2, 3, 4, 0}, memory[8*1499:][:5])
	require.Equal(c, []byte{1, 2, 3, 4, 0}, reader[8*1499-8192:][:5])
	copy(memory[8*1499:], []byte{5, 6, 7, 8, 9})
	require.Equal(c, []byte{5, 6, 7, 8, 9}, reader[8*1499-8192:][:5])
	got, errno := c.lookup(fd, 1499)
	require.Zero(c, errno)
	require.Equal(c, uint32(0x08070605), got)
	require.Zero(c, c.update(fd, 1499, 0))
	require.Equal(c, []byte{0, 0, 0, 0, 9}, reader[8*1499-8192:][:5], "what lies behind the value stays")

	readOnly := c.again(fd, abi.FlagReadOnly)
	require.Equal(c, unix.EPERM, c.update(readOnly, 1, 1))
	require.Zero(c, c.update(fd, 1, 1), "each fd has its own mode")
	c.close(readOnly)
	require.Zero(c, c.update(fd, 1, 1))

	id := c.id(fd)
	memory[0] = 77
	c.close(fd)
	require.NoError(c, unix.Munmap(reader))
	fd = c.check(bpf(bpfsys.MapGetFDByID{ID: id}))
	got, errno = c.lookup(fd, 0)
	require.Zero(c, errno)
	require.Equal(c, uint32(77), got)
	require.Equal(c, "child", c.inherited(fd, "mmapChild"))
	require.Equal(c, byte(78), memory[0])
}

// mmapKeepsFDFlags: a mapping leaves the fd as it was.
func mmapKeepsFDFlags(c client) {
	fd := c.make(abi.Array, 8, 10, abi.FlagMmapable)
	for _, flags := range []int{unix.FD_CLOEXEC, 0} {
		_, err := unix.FcntlInt(uintptr(fd), unix.F_SETFD, flags)
		require.NoError(c, err)
		for _, prot := range []int{protR, protRW, protR} {
			require.Zero(c, tryMap(fd, 0, 4096, prot, shared))
			got, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
			require.NoError(c, err)
			require.Equal(c, flags, got)
			require.Zero(c, c.update(fd, 1, 1))
		}
	}
}

// mmapChild maps the map that it inherited and adds to its first byte.
func mmapChild(c client) {
	memory, err := unix.Mmap(3, 0, 4096, protRW, shared)
	require.NoError(c, err)
	memory[0]++
	os.Stdout.WriteString("child")
}

// inherited runs another scenario with fd as its fd 3 and returns what it said.
func (c client) inherited(fd int, scenario string) string {
	child := exec.Command("/proc/self/exe")
	child.Env = append(os.Environ(), scenarioVar+"="+scenario)
	copied, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	require.NoError(c, err)
	file := os.NewFile(uintptr(copied), "map")
	defer file.Close()
	child.ExtraFiles = []*os.File{file}
	out, err := child.CombinedOutput()
	require.NoError(c, err, string(out))
	return string(out)
}

// mmapFreeze is about freezing and mappings: what may write keeps a map from being frozen, whoever has it, and what
// was mapped for reading never comes to write.
func mmapFreeze(c client) {
	fd := c.make(abi.Array, 8, 1000, abi.FlagMmapable)
	memory, err := unix.Mmap(fd, 0, 8192, protRW, shared)
	require.NoError(c, err)
	reader, err := unix.Mmap(fd, 0, 8192, protR, shared)
	require.NoError(c, err)
	memory[8] = 1
	require.Equal(c, unix.EBUSY, c.freeze(fd))
	require.NoError(c, unix.Mprotect(memory, protR))
	require.Equal(c, unix.EBUSY, c.freeze(fd), "it may be made writable again")
	require.NoError(c, unix.Mprotect(memory, protRW))
	memory[8]++
	got, errno := c.lookup(fd, 1)
	require.Zero(c, errno)
	require.Equal(c, uint32(2), got, "the failed freezes changed nothing")
	require.NoError(c, unix.Munmap(memory))

	require.Equal(c, unix.EACCES, errnoOf(unix.Mprotect(reader, protRW)))
	require.Zero(c, c.freeze(fd), "a mapping for reading is none that writes")
	require.Equal(c, unix.EACCES, errnoOf(unix.Mprotect(reader, protRW)))
	require.Equal(c, byte(2), reader[8])
	require.Equal(c, unix.EPERM, c.update(fd, 1, 3))
	require.Equal(c, unix.EPERM, c.freeze(fd))
	late, err := unix.Mmap(fd, 0, 4096, protR, shared)
	require.NoError(c, err)
	require.Equal(c, unix.EACCES, errnoOf(unix.Mprotect(late, protRW)))
	got, errno = c.lookup(fd, 1)
	require.Zero(c, errno)
	require.Equal(c, uint32(2), got)
	c.freezeMappedByChild()
}

// freezeMappedByChild leaves the one writable mapping to another process.
func (c client) freezeMappedByChild() {
	fd := c.make(abi.Array, 8, 1000, abi.FlagMmapable)
	child := exec.Command("/proc/self/exe")
	child.Env = append(os.Environ(), scenarioVar+"=mmapHolder")
	copied, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	require.NoError(c, err)
	child.ExtraFiles = []*os.File{os.NewFile(uintptr(copied), "map")}
	in, err := child.StdinPipe()
	require.NoError(c, err)
	out, err := child.StdoutPipe()
	require.NoError(c, err)
	require.NoError(c, child.Start())
	_, err = out.Read(make([]byte, 1))
	require.NoError(c, err)
	require.Equal(c, unix.EBUSY, c.freeze(fd))
	require.NoError(c, in.Close())
	require.NoError(c, child.Wait())
	require.Zero(c, c.freeze(fd))
}

// mmapHolder holds a map, its fd 3, by a mapping alone.
func mmapHolder(c client) {
	_, err := unix.Mmap(3, 4096, 4096, protRW, shared)
	require.NoError(c, err)
	c.close(3)
	os.Stdout.WriteString("x")
	_, _ = os.Stdin.Read(make([]byte, 1))
}

// mappableCreate makes arrays that can be mapped: which types have the flag, and what info and fdinfo say of them.
func mappableCreate(c client) {
	for _, typ := range []abi.MapType{abi.Hash, abi.LRUHash, abi.Queue, abi.Stack} {
		args := bpfsys.MapCreate{Type: typ, KeySize: 4, ValueSize: 8, MaxEntries: 1, Flags: abi.FlagMmapable}
		if typ == abi.Queue || typ == abi.Stack {
			args.KeySize = 0
		}
		_, errno := bpf(args)
		require.Equal(c, unix.EINVAL, errno, typ)
	}
	for _, row := range []struct {
		value, entries uint32
		memlock        int
	}{
		{1, 1, 8192}, {8, 512, 8192}, {8, 513, 12288}, {5, 1000, 12288}, {4096, 3, 16384}, {4097, 2, 16384},
		{1, 1 << 20, 4096 + 8<<20},
	} {
		fd := c.make(abi.Array, row.value, row.entries, abi.FlagMmapable)
		require.Zero(c, c.freeze(fd))
		text, err := os.ReadFile(fmt.Sprintf("/proc/self/fdinfo/%d", fd))
		require.NoError(c, err)
		for _, line := range []string{"map_flags:\t0x400\n", fmt.Sprintf("memlock:\t%d\n", row.memlock), "frozen:\t1\n"} {
			require.Contains(c, string(text), line, "%+v", row)
		}
		c.close(fd)
	}
}
