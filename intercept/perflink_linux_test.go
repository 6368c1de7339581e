//go:build linux && (amd64 || arm64)

package intercept_test

import (
	"encoding/binary"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/intercept"
	"github.com/bpfsim/bpfsim/syscall"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

var perfLinking = map[string]func(client){"perfLinks": perfLinks, "perfPrograms": perfPrograms}

// What links at perf events say of themselves, and what events say of their programs, is what Linux says.
func TestPerfLinks(t *testing.T) {
	for name := range perfLinking {
		t.Run(name, func(t *testing.T) {
			t.Run("linux", func(t *testing.T) { runOnLinux(t, name) })
			t.Run("run", func(t *testing.T) { runScenario(t, name, withProbes()) })
		})
	}
}

// withProbes are options whose kernel numbers its drivers as the host's does.
func withProbes() intercept.Options {
	o := options()
	o.Kernel = bpfsys.NewKernel(bpfsys.Options{CPUs: 2, Probes: intercept.HostProbes()})
	return o
}

// uprobe is the type of events of uprobes, 0 on a kernel without.
func (c client) uprobe() uint32 {
	text, _ := os.ReadFile("/sys/bus/event_source/devices/uprobe/type")
	n, _ := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 32)
	return uint32(n)
}

// perfLinks: a link at a uprobe has the file, the offset, the counter and the cookie, and one at a clock its type.
func perfLinks(c client) {
	clock := c.perfOpen(unix.PerfEventAttr{Type: unix.PERF_TYPE_SOFTWARE, Config: unix.PERF_COUNT_SW_CPU_CLOCK, Sample: 1 << 30, Sample_type: unix.PERF_SAMPLE_IP}, 0)
	link := c.perfLink(clock, abi.ProgPerfEvent, 5)
	require.Contains(c, c.fdinfo(link), "event_type:\tevent\ncookie:\t5\n")
	info := c.linkInfo(link, make([]byte, 1))
	require.Equal(c, []uint32{6, 0, 5, 0}, []uint32{info[0], info[2], info[6], info[7]}, "kind, configuration and cookie")

	if c.uprobe() == 0 {
		return
	}
	file := append([]byte("/bin/true"), 0)
	attr := unix.PerfEventAttr{Type: c.uprobe(), Size: unix.PERF_ATTR_SIZE_VER1, Config: 16 << 32, Ext1: addr(&file[0]), Ext2: 4096}
	event := c.perfOpen(attr, 0)
	link = c.perfLink(event, abi.ProgKprobe, 7)
	require.Contains(c, c.fdinfo(link), "name:\t/bin/true\noffset:\t0x1000\nref_ctr_offset:\t0x10\nevent_type:\tuprobe\ncookie:\t7\n")
	name := make([]byte, 64)
	info = c.linkInfo(link, name)
	require.Equal(c, string(file), string(name[:len(file)]))
	require.Equal(c, []uint32{1, 10, 4096, 7, 16}, []uint32{info[0], info[4], info[5], info[6], info[8]}, "kind, length, offset, cookie and counter")
	require.Equal(c, [3]uint64{4, 4096, 16}, c.taskFD(event), "kind, offset and counter")
	c.close(link)
	require.Eventually(c, func() bool { // Linux frees it in the background
		return unix.IoctlSetInt(event, unix.PERF_EVENT_IOC_SET_BPF, c.program(abi.ProgKprobe, 0)) == nil
	}, time.Minute, time.Millisecond, "an event has no program when its link is gone")
}

func (c client) perfLink(event int, kind abi.ProgType, cookie uint32) int {
	link, errno := bpfWordsFD(abi.LinkCreate, map[int]uint32{abi.LinkCreateProgFD: uint32(c.program(kind, 0)), abi.LinkCreateTarget: uint32(event),
		abi.LinkCreateAttachType: uint32(abi.AttachPerfEvent), abi.LinkPerfCookie: cookie})
	require.Zero(c, errno)
	return link
}

// taskFD is what TASK_FD_QUERY says of an event.
func (c client) taskFD(event int) [3]uint64 {
	var name [64]byte
	args := bpfsys.TaskFDQuery{PID: uint32(os.Getpid()), FD: int32(event), BufLen: uint32(len(name)), Buf: addr(&name)}
	attr := args.Encode()
	_, errno := bpfAttr(abi.TaskFDQuery, &attr)
	require.Zero(c, errno)
	return [3]uint64{uint64(binary.NativeEndian.Uint32(attr[28:])), binary.NativeEndian.Uint64(attr[32:]), binary.NativeEndian.Uint64(attr[40:])}
}

// linkInfo are the words of what a link's kind adds to its info; name takes the text that is asked for.
func (c client) linkInfo(link int, name []byte) (words [12]uint32) {
	var info [abi.LinkInfoKind + 4*len(words)]byte
	binary.NativeEndian.PutUint64(info[abi.LinkInfoKind+8:], addr(&name[0]))
	binary.NativeEndian.PutUint32(info[abi.LinkInfoKind+16:], uint32(len(name)))
	if len(name) == 1 {
		clear(info[:])
	}
	c.check(bpf(bpfsys.ObjGetInfoByFD{FD: int32(link), Info: addr(&info), InfoLen: uint32(len(info))}))
	for i := range words {
		words[i] = binary.NativeEndian.Uint32(info[abi.LinkInfoKind+4*i:])
	}
	return words
}

// perfPrograms: what TASK_FD_QUERY and the ioctls say of events with programs.
func perfPrograms(c client) {
	query := func(fd int) unix.Errno {
		return bpfWords(abi.TaskFDQuery, map[int]uint32{0: uint32(os.Getpid()), 4: uint32(fd)})
	}
	counting := unix.PerfEventAttr{Type: unix.PERF_TYPE_SOFTWARE, Config: unix.PERF_COUNT_SW_CPU_CLOCK}
	clock := c.perfOpen(counting, 0)
	require.Equal(c, unix.ENOENT, query(clock), "without a program")
	require.Equal(c, unix.EINVAL, unix.IoctlSetInt(clock, unix.PERF_EVENT_IOC_REFRESH, 1), "it does not sample")
	counting.Sample = 1 << 30
	clock = c.perfOpen(counting, 0)
	require.NoError(c, unix.IoctlSetInt(clock, unix.PERF_EVENT_IOC_REFRESH, 1))
	require.NoError(c, unix.IoctlSetInt(clock, unix.PERF_EVENT_IOC_SET_BPF, c.program(abi.ProgPerfEvent, 0)))
	require.Equal(c, unix.EOPNOTSUPP, query(clock), "with one for its samples")
}
