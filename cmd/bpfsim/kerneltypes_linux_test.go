package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/bpfsim/bpfsim/btf"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// ownTypes writes the types of a kernel that there is not.
func ownTypes(t *testing.T) (name string, data []byte) {
	var b btf.Builder
	word := b.Int("int", 4)
	b.Struct("made_up", 4, btf.Member{Name: "member", Type: word})
	name = filepath.Join(t.TempDir(), "vmlinux.btf")
	giveAway(t, filepath.Dir(name))
	require.NoError(t, os.WriteFile(name, b.Bytes(), 0o644))
	return name, b.Bytes()
}

// Programs read the types that --btf gives, in the file of the kernel's types and through bpf(2).
func TestKernelTypes(t *testing.T) {
	skipIfRefused(t)
	name, data := ownTypes(t)
	cmd := bpfsimCommand(t, "run", "--btf", name, "--", "cat", "/sys/kernel/../kernel/btf/vmlinux")
	out, err := cmd.Output()
	require.NoError(t, err)
	require.Equal(t, data, out)
	bpftool(t)
	shown := output(t, 0, bpfsimCommand(t, "run", "--root", "--btf", name, "--", "bpftool", "btf", "dump", "id", "1"))
	require.Contains(t, shown, "'made_up'")
}

// What is no BTF is said before CMD starts.
func TestKernelTypesRefused(t *testing.T) {
	name, data := ownTypes(t)
	in := func(base string) string { return filepath.Join(filepath.Dir(name), base) }
	write := func(base string, data []byte) { require.NoError(t, os.WriteFile(in(base), data, 0o644)) }
	write("empty", nil)
	write("cut", data[:len(data)-1])
	write("text", []byte("#include <vmlinux.h>\n"))
	write("huge", nil)
	require.NoError(t, os.Truncate(in("huge"), 1<<40))
	require.NoError(t, unix.Mkfifo(in("pipe"), 0o644))
	for base, why := range map[string]string{
		"empty": "no BTF that Linux takes: EINVAL: hdr_len not found", "cut": "Total section length too long", "text": "no BTF that Linux takes",
		"huge": "more than the 16 MiB", "pipe": "want a regular file", ".": "want a regular file", "missing": "no such file",
	} {
		out := output(t, 125, bpfsimCommand(t, "run", "--btf", in(base), "--", "echo", "started"))
		require.Contains(t, out, why, base)
		require.NotContains(t, out, "started")
	}
}

// Programs that the simulated kernel takes for root find addresses of its symbols, whatever the host hides; others see the host's.
func TestKallsyms(t *testing.T) {
	skipIfRefused(t)
	const script = "wc -l </proc/kallsyms; sort -u -k3 /proc/kallsyms | cut -c-16 | sort -u | wc -l"
	out := output(t, 0, bpfsimCommand(t, "run", "--", "sh", "-c", script))
	var symbols, addresses int
	_, err := fmt.Sscan(out, &symbols, &addresses)
	require.NoError(t, err, out)
	if symbols == 0 {
		skip(t, "no /proc/kallsyms")
	}
	require.Greater(t, addresses, symbols/2)
	if os.Getuid() != 0 {
		return
	}
	const hash = `grep -v '\[bpf\]$' /proc/kallsyms | sha256sum` // BPF programs of others come and go
	require.Equal(t, output(t, 0, exec.Command("setpriv", "--reuid", "65534", "--clear-groups", "sh", "-c", hash)),
		output(t, 0, bpfsimCommand(t, "run", "--unprivileged", "--", "sh", "-c", hash)))
}
