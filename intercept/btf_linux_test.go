//go:build linux && (amd64 || arm64)

package intercept_test

import (
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/btf"
	"github.com/bpfsim/bpfsim/syscall"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

var withBTF = map[string]func(client){"btfFDs": btfFDs, "btfTool": btfTool}

// The fds of BTF, and what bpftool makes of maps with types, are the same on Linux and under the supervisor.
func TestBTF(t *testing.T) {
	for name := range withBTF {
		t.Run(name, func(t *testing.T) {
			t.Run("linux", func(t *testing.T) { runOnLinux(t, name) })
			t.Run("run", func(t *testing.T) { runScenario(t, name, options()) })
		})
	}
}

// flow loads the types of a value with two numbers; the key is type 1, the value type 3.
func (c client) flow() int {
	var b btf.Builder
	u32, u64 := b.Int("u32", 4), b.Int("u64", 8)
	b.Struct("flow", 16, btf.Member{Name: "bytes", Type: u64}, btf.Member{Name: "port", Type: u32, Offset: 8})
	data := b.Bytes()
	return c.check(bpf(bpfsys.BTFLoad{Data: addr(&data[0]), Size: uint32(len(data))}))
}

func (c client) typed(types int) int {
	return c.check(bpf(bpfsys.MapCreate{Type: abi.Hash, KeySize: 4, ValueSize: 16, MaxEntries: 4, BTFFD: int32(types),
		BTFKeyType: 1, BTFValueType: 3}))
}

func (c client) btfID(fd int) uint32 {
	var info [8]uint32
	c.check(bpf(bpfsys.ObjGetInfoByFD{FD: int32(fd), InfoLen: 32, Info: addr(&info)}))
	return info[3]
}

// btfFDs: an fd of BTF is read-only, cannot be mapped or pinned, and its BTF lives as long as an fd or a map has it.
func btfFDs(c client) {
	fd := c.flow()
	id := c.btfID(fd)
	link, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd))
	require.NoError(c, err)
	require.Equal(c, "anon_inode:btf", link)
	info, err := os.ReadFile(fmt.Sprintf("/proc/self/fdinfo/%d", fd))
	require.NoError(c, err)
	require.Contains(c, string(info), "flags:\t02000000\n")
	require.Contains(c, string(info), fmt.Sprintf("btf_id:\t%d\n", id))
	_, err = unix.Mmap(fd, 0, 4096, protR, shared)
	require.Equal(c, unix.ENODEV, err)
	require.Equal(c, unix.EINVAL, c.pin(fd, "/sys/fs/bpf/btf"))

	require.Equal(c, unix.Errno(abi.ENOTSUPP), c.mapLocked())

	m := c.typed(fd)
	again := c.check(bpf(bpfsys.BTFGetFDByID{ID: id}))
	c.close(fd)
	c.close(again)
	require.Equal(c, unix.Errno(0), c.hasBTF(id), "a map holds it")
	c.close(m)
	require.Eventually(c, func() bool { return c.hasBTF(id) == unix.ENOENT }, 10*time.Second, time.Millisecond)
}

// mapLocked maps an array whose values have a lock, which the kernel keeps for itself.
func (c client) mapLocked() error {
	var b btf.Builder
	i := b.Int("int", 4)
	lock := b.Struct("bpf_spin_lock", 4, btf.Member{Name: "val", Type: i})
	b.Struct("value", 8, btf.Member{Name: "n", Type: i}, btf.Member{Name: "lock", Type: lock, Offset: 4})
	data := b.Bytes()
	types := c.check(bpf(bpfsys.BTFLoad{Data: addr(&data[0]), Size: uint32(len(data))}))
	defer c.close(types)
	m := c.check(bpf(bpfsys.MapCreate{Type: abi.Array, KeySize: 4, ValueSize: 8, MaxEntries: 4, Flags: abi.FlagMmapable,
		BTFFD: int32(types), BTFKeyType: 1, BTFValueType: 3}))
	defer c.close(m)
	_, err := unix.Mmap(m, 0, 4096, protRW, shared)
	return err
}

// hasBTF opens BTF by id for a moment.
func (c client) hasBTF(id uint32) unix.Errno {
	fd, errno := bpf(bpfsys.BTFGetFDByID{ID: id})
	if errno == 0 {
		c.close(fd)
	}
	return errno
}

// btfTool has bpftool print a map by its types, and the types.
func btfTool(c client) {
	os.Setenv("PATH", os.Getenv("PATH")+":/usr/local/sbin:/usr/sbin:/sbin")
	if _, err := exec.LookPath("bpftool"); err != nil {
		return
	}
	types := c.flow()
	m := c.typed(types)
	key, value := uint32(7), [4]uint32{1234, 0, 80, 0}
	c.check(bpf(bpfsys.MapUpdateElem{FD: int32(m), Key: addr(&key), Value: addr(&value)}))
	dump, err := exec.Command("bpftool", "-j", "map", "dump", "id", fmt.Sprint(c.id(m))).Output()
	require.NoError(c, err)
	require.Contains(c, string(dump), `"formatted":{"key":7,"value":{"bytes":1234,"port":80}}`)
	text, err := exec.Command("bpftool", "btf", "dump", "id", fmt.Sprint(c.btfID(types))).Output()
	require.NoError(c, err)
	require.Equal(c, "[1] INT 'u32' size=4 bits_offset=0 nr_bits=32 encoding=(none)\n"+
		"[2] INT 'u64' size=8 bits_offset=0 nr_bits=64 encoding=(none)\n"+
		"[3] STRUCT 'flow' size=16 vlen=2\n\t'bytes' type_id=2 bits_offset=0\n\t'port' type_id=1 bits_offset=64\n", string(text))
	list, err := exec.Command("bpftool", "btf", "list").Output()
	require.NoError(c, err)
	require.Contains(c, string(list), fmt.Sprintf("%d: name <anon>  size ", c.btfID(types)))
	require.Contains(c, string(list), fmt.Sprintf("map_ids %d", c.id(m)))
}
