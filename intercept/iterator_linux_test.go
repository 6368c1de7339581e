//go:build linux && (amd64 || arm64)

package intercept_test

import (
	"encoding/binary"
	"fmt"
	"io"
	"os"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/btf"
	"github.com/bpfsim/bpfsim/intercept"
	"github.com/bpfsim/bpfsim/syscall"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// withTypes are options whose kernel has types of its own, where the host has them.
func withTypes() intercept.Options {
	o := options()
	o.Kernel = bpfsys.NewKernel(bpfsys.Options{CPUs: 2, BTF: intercept.HostTypes})
	return o
}

// iterator loads a program for one of the kernel's iterators, which writes nothing; -1 where no types of the kernel can be read.
func (c client) iterator(target string) int {
	types := intercept.HostTypes()
	if types == nil {
		return -1
	}
	insns, license := [2]uint64{0xb7, 0x95}, [4]byte{'G', 'P', 'L'}
	return c.check(bpf(bpfsys.ProgLoad{Type: abi.ProgTracing, AttachType: abi.AttachTraceIter, AttachBTFID: functionNamed(types, "bpf_iter_"+target),
		InsnCnt: 2, Insns: addr(&insns), License: addr(&license)}))
}

func functionNamed(types *btf.BTF, name string) uint32 {
	for id := uint32(1); types.Type(id) != nil; id++ {
		if types.Func(id) && types.Name(types.Type(id)) == name {
			return id
		}
	}
	return 0
}

// iterators: the pin of an iterator's link can be read, as often as wanted, and as long as one of them is open the pin need not be there.
func iterators(c client) {
	program := c.iterator("task")
	if program < 0 {
		return
	}
	link := c.check(bpf(bpfsys.LinkCreate{ProgFD: int32(program), At: abi.AttachTraceIter}))
	path := append([]byte(c.fs("iterator")), 0)
	c.check(bpf(bpfsys.ObjPin{FD: int32(link), Pathname: addr(&path[0])}))
	c.close(link)
	for range 2 {
		text, err := os.ReadFile(c.fs("iterator"))
		require.NoError(c, err)
		require.Empty(c, text)
	}
	file, err := os.Open(c.fs("iterator"))
	require.NoError(c, err)
	require.NoError(c, os.Remove(c.fs("iterator")))
	text, err := io.ReadAll(file)
	require.NoError(c, err)
	require.Empty(c, text)
	require.NoError(c, file.Close())
	_, err = os.ReadFile(c.fs("iterator"))
	require.ErrorIs(c, err, unix.ENOENT)

	other := c.check(bpf(bpfsys.RawTracepointOpen{Name: addr(&[]byte("sched_switch\x00")[0]), ProgFD: int32(c.program(abi.ProgRawTracepoint, 0))}))
	c.check(bpf(bpfsys.ObjPin{FD: int32(other), Pathname: addr(&path[0])}))
	_, err = os.ReadFile(c.fs("iterator"))
	require.ErrorIs(c, err, unix.EIO, "another link")
}

// narrowedIterators: an iterator goes over all tasks, a process or a thread, as its link says.
func narrowedIterators(c client) {
	program := c.iterator("task")
	if program < 0 {
		return
	}
	pid := uint32(os.Getpid())
	fd, err := unix.PidfdOpen(int(pid), 0)
	require.NoError(c, err)
	for _, row := range []struct {
		tid, pid, fd uint32
		errno        unix.Errno
		last         string
	}{
		{0, 0, 0, 0, "task_type:\tALL"},
		{pid, 0, 0, 0, fmt.Sprintf("task_type:\tTID\ntid:\t%d", pid)},
		{0, pid, 0, 0, fmt.Sprintf("task_type:\tPID\npid:\t%d", pid)},
		{0, 0, uint32(fd), 0, fmt.Sprintf("task_type:\tPID\npid:\t%d", pid)},
		{0, 1 << 30, 0, 0, "task_type:\tPID\npid:\t1073741824"},
		{pid, pid, 0, unix.EINVAL, ""},
		{pid, 0, uint32(fd), unix.EINVAL, ""},
		{0, pid, uint32(fd), unix.EINVAL, ""},
		{0, 0, 9999, unix.EBADF, ""},
		{0, 0, uint32(program), unix.EBADF, ""},
	} {
		info := [4]uint32{row.tid, row.pid, row.fd}
		at := addr(&info)
		link, errno := bpfWordsFD(abi.LinkCreate, map[int]uint32{abi.LinkCreateProgFD: uint32(program), abi.LinkCreateAttachType: uint32(abi.AttachTraceIter),
			abi.LinkIterInfo: uint32(at), abi.LinkIterInfo + 4: uint32(at >> 32), abi.LinkIterInfoLen: uint32(len(info) * 4)})
		require.Equal(c, row.errno, errno, "%v", row)
		if errno == 0 {
			require.Contains(c, c.fdinfo(link), "target_name:\ttask\n"+row.last+"\n")
			require.Equal(c, [2]uint32{row.tid, max(row.pid, min(row.fd, 1)*pid)}, c.iteratesOver(link), "%v", row)
			c.close(link)
		}
	}
}

// iteratesOver are the last words of a link's info.
func (c client) iteratesOver(link int) (words [2]uint32) {
	var info [64]byte
	c.check(bpf(bpfsys.ObjGetInfoByFD{FD: int32(link), Info: addr(&info), InfoLen: uint32(len(info))}))
	return [2]uint32{binary.NativeEndian.Uint32(info[abi.LinkInfoKind+16:]), binary.NativeEndian.Uint32(info[abi.LinkInfoKind+20:])}
}

// fdinfo is the text of a fd's file below /proc.
func (c client) fdinfo(fd int) string {
	text, err := os.ReadFile(fmt.Sprintf("/proc/self/fdinfo/%d", fd))
	require.NoError(c, err)
	return string(text)
}
