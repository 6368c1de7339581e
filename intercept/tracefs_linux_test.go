//go:build linux && (amd64 || arm64)

package intercept_test

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/syscall"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestTracefs(t *testing.T) { runScenario(t, "tracefs", options()) }

// tracefs reads the ids of tracepoints, as an ordinary user who may not read the host's.
func tracefs(c client) {
	for _, name := range []string{"/sys/kernel/tracing", "//sys/kernel/tracing/."} {
		var fs unix.Statfs_t
		require.NoError(c, unix.Statfs(name, &fs))
		require.EqualValues(c, unix.TRACEFS_MAGIC, fs.Type)
		text, err := os.ReadFile(name + "/events/syscalls/sys_enter_openat/id")
		require.NoError(c, err)
		require.Equal(c, "782\n", string(text))
		_, err = os.ReadFile(name + "/events/syscalls/bogus/id")
		require.ErrorIs(c, err, unix.ENOENT)
	}
	for _, driver := range []string{"kprobe", "uprobe"} {
		text, err := os.ReadFile("/sys/bus/event_source/devices/" + driver + "/format/retprobe")
		require.NoError(c, err)
		require.Equal(c, "config:0", strings.TrimSpace(string(text)))
	}
}

func TestTraceProbes(t *testing.T) { runScenario(t, "traceProbes", options()) }

// define writes to a file of probes as libbpf and cilium/ebpf do.
func define(file, text string) error {
	f, err := os.OpenFile("/sys/kernel/tracing/"+file, os.O_WRONLY|os.O_APPEND, 0o666)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.WriteString(text)
	return err
}

// eventID is the id of an event of a group.
func (c client) eventID(event string) uint64 {
	text, err := os.ReadFile("/sys/kernel/tracing/events/some/" + event + "/id")
	require.NoError(c, err)
	id, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64)
	require.NoError(c, err)
	return id
}

// traceProbes defines probes, attaches programs to them and removes them.
func traceProbes(c client) {
	exe, err := os.Executable()
	require.NoError(c, err)
	for _, row := range []struct {
		file, text string
		want       unix.Errno
	}{
		{"kprobe_events", "p:some/entry vfs_read", 0}, {"kprobe_events", "r8:some/exit vfs_read\n", 0},
		{"kprobe_events", "p:some/entry vfs_read", unix.EEXIST}, {"kprobe_events", "p:some/other not_there", unix.ENOENT},
		{"kprobe_events", "r:some/other vfs_read+4", unix.EINVAL}, {"kprobe_events", "r5000:some/other vfs_read", unix.EINVAL},
		{"kprobe_events", "x:some/other vfs_read", unix.EINVAL}, {"kprobe_events", "p:some/ot-her vfs_read", unix.EINVAL},
		{"kprobe_events", "-:some/other", unix.ENOENT}, {"uprobe_events", "-:some/entry", unix.ENOENT},
		{"uprobe_events", "p:some/file " + exe + ":0x10(0x4)", 0}, {"uprobe_events", "p:some/other /not/there:0x10", unix.ENOENT},
		{"uprobe_events", "p:some/other " + exe, unix.EINVAL}, {"uprobe_events", "p:some/other /dev:0x10", unix.EINVAL},
		{"uprobe_events", "p:some/other " + exe + ":x", unix.EINVAL}, {"uprobe_events", "# nothing\n\n", 0},
	} {
		err := define(row.file, row.text)
		if row.want == 0 {
			require.NoError(c, err, row.text)
		} else {
			require.ErrorIs(c, err, row.want, row.text)
		}
	}
	program := c.program(abi.ProgKprobe, 0)
	for event, info := range map[string]string{"entry": "kprobe", "exit": "kretprobe", "file": "uprobe"} {
		fd := c.perfOpen(unix.PerfEventAttr{Type: unix.PERF_TYPE_TRACEPOINT, Config: c.eventID(event)}, unix.PERF_FLAG_FD_CLOEXEC)
		link := c.check(bpf(bpfsys.LinkCreate{ProgFD: int32(program), Target: int32(fd), At: abi.AttachPerfEvent}))
		text, err := os.ReadFile("/proc/self/fdinfo/" + strconv.Itoa(link))
		require.NoError(c, err)
		require.Contains(c, string(text), "event_type:\t"+info+"\n")
		file := "kprobe_events"
		if event == "file" {
			file = "uprobe_events"
		}
		require.ErrorIs(c, define(file, "-:some/"+event), unix.EBUSY)
		list, err := os.ReadFile("/sys/kernel/debug/tracing/" + file)
		require.NoError(c, err)
		require.Contains(c, string(list), ":some/"+event+" ")
		c.close(link)
		c.close(fd)
		require.NoError(c, define(file, "-:some/"+event))
		require.ErrorIs(c, define(file, "-:some/"+event), unix.ENOENT)
		_, err = os.ReadFile("/sys/kernel/tracing/events/some/" + event + "/id")
		require.ErrorIs(c, err, unix.ENOENT)
	}
	functions, err := os.ReadFile("/sys/kernel/tracing/available_filter_functions")
	require.NoError(c, err)
	require.Contains(c, string(functions), "\nvfs_read\n")
	f, err := os.OpenFile("/sys/kernel/tracing/kprobe_events", os.O_WRONLY|os.O_APPEND, 0)
	require.NoError(c, err)
	low, err := unix.Dup(int(f.Fd()))
	require.NoError(c, err)
	_, err = unix.Write(low, []byte("p:some/more vfs_read"))
	require.Equal(c, unix.EPERM, err, "not by a number that is not watched")
	_, _, errno := unix.Syscall(unix.SYS_WRITE, f.Fd(), 8, 100)
	require.Equal(c, unix.EFAULT, errno)
	_, _, errno = unix.Syscall(unix.SYS_WRITE, f.Fd(), 8, 0)
	require.Zero(c, errno)
}
