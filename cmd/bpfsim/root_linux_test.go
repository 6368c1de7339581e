package main

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// With --root an ordinary user's command sees what root sees: its ids, all capabilities, its files as root's; and it
// may mount. Maps and pins are as ever.
func TestRunRoot(t *testing.T) {
	skipIfRefused(t)
	bpftool(t)
	const script = `id -u; id -g; grep CapEff /proc/self/status | cut -f2
		m=$BPFSIM_BPFFS/x; bpftool map create $m type hash key 4 value 4 entries 1 name x && bpftool map dump pinned $m
		stat -c %u $m; mount -t tmpfs none . && echo mounted`
	want := "0\n0\n" + allCapabilities(t) + "\nFound 0 elements\n0\nmounted"
	for _, flags := range [][]string{{"--root"}, {"--root", "--bpffs", "here"}} {
		t.Run(strings.Join(flags, " "), func(t *testing.T) {
			cmd := bpfsimCommand(t, append(append([]string{"run"}, flags...), "--", "sh", "-c", script)...)
			cmd.Dir = homeOf(cmd.Env)
			require.Equal(t, want, output(t, 0, cmd))
		})
	}
}

// allCapabilities are those of a user namespace's first process, as /proc prints them.
func allCapabilities(t *testing.T) string {
	t.Helper()
	out, err := inUserNamespace(0, "grep", "CapEff", "/proc/self/status").Output()
	require.NoError(t, err)
	_, caps, _ := strings.Cut(strings.TrimSpace(string(out)), "\t")
	return caps
}

// inUserNamespace is a command in a user namespace of its own that sees its user as uid.
func inUserNamespace(uid int, args ...string) *exec.Cmd {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  unix.CLONE_NEWUSER | unix.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: uid, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: uid, HostID: os.Getgid(), Size: 1}},
		AmbientCaps: []uintptr{unix.CAP_SYS_RESOURCE},
	}
	return cmd
}

// Where no user namespaces can be had --root cannot be done, and CMD must not run as somebody else.
func TestRunRootWithoutUserNamespaces(t *testing.T) {
	skipIfRefused(t)
	out := output(t, 125, withoutUserNamespaces("run", "--root", "--", "echo", "started"))
	require.Contains(t, out, "make the command root: this host allows no more namespaces (sysctl user.max_user_namespaces)")
	require.NotContains(t, out, "started")
}

// withoutUserNamespaces is bpfsim as a command of an ordinary user where no user namespaces can be had.
func withoutUserNamespaces(args ...string) *exec.Cmd {
	const script = `echo 0 >/proc/sys/user/max_user_namespaces && exec "$0" "$@"`
	cmd := inUserNamespace(nobody, append([]string{"sh", "-c", script, binary}, args...)...)
	cmd.Env = append(os.Environ(), asMainVar+"=1")
	return cmd
}

// README's first command works there too: programs ask $BPFSIM_BPFFS where the bpffs is.
func TestTestBinaryWithoutUserNamespaces(t *testing.T) {
	skipIfRefused(t)
	program := buildModule(t, talkers, "test", "-c")
	out := output(t, 0, withoutUserNamespaces("run", "--", program))
	require.Contains(t, out, "PASS")
	require.Contains(t, out, "no private mount over /sys/fs/bpf: this host allows no more namespaces")
	require.Contains(t, out, "$BPFSIM_BPFFS")
}
