package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/bpfsim/bpfsim/proptest/kernel/kerneltest"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// bpftool finds bpftool and the script; Debian puts bpftool where users have no PATH to.
func bpftool(t *testing.T) (script string) {
	t.Helper()
	t.Setenv("PATH", os.Getenv("PATH")+":/usr/local/sbin:/usr/sbin:/sbin")
	if _, err := exec.LookPath("bpftool"); err != nil {
		skip(t, "bpftool is missing: apt-get install bpftool")
	}
	text, err := os.ReadFile(filepath.Join("testdata", "bpftool.sh"))
	require.NoError(t, err)
	return string(text)
}

// What differs from kernel to kernel: ids, the memory that maps need, and the iterators that a kernel with
// CONFIG_BPF_PRELOAD finds in every bpffs.
var varying = []*regexp.Regexp{
	regexp.MustCompile(`"id": ?\d+`), regexp.MustCompile(`"bytes_memlock": ?\d+`), regexp.MustCompile(`(?m)^\d+: `),
	regexp.MustCompile(`memlock \d+B`), regexp.MustCompile(`(?m)^(maps|progs)\.debug\n`),
}

func withoutVarying(out string) string {
	for _, re := range varying {
		out = re.ReplaceAllString(out, "")
	}
	return out
}

func TestBpftool(t *testing.T) {
	skipIfRefused(t)
	script := bpftool(t)
	for _, option := range []string{"", "-j", "-p"} {
		t.Run("option "+option, func(t *testing.T) {
			ours := output(t, 0, bpfsimCommand(t, "run", "--", "sh", "-c", "J="+option+"\n"+script))
			require.Contains(t, ours, "-> 0")
			real := onLinux(t, "J="+option+"\n"+script)
			require.Equal(t, withoutVarying(real), withoutVarying(ours))
		})
	}
}

// onLinux runs a script on the real kernel, with a bpffs that nobody else sees, in the place of the host's: bpftool -f counts
// every mount of one.
func onLinux(t *testing.T, script string) string {
	t.Helper()
	const mount = "while umount /sys/fs/bpf 2>/dev/null; do :; done; mount -t bpf bpf /sys/fs/bpf || exit 97\n"
	cmd := exec.Command("sh", "-c", mount+script)
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: unix.CLONE_NEWNS} // Go makes the mounts private
	out, err := cmd.CombinedOutput()
	if err != nil {
		kerneltest.Need(t, fmt.Errorf("needs root: %w: %s", err, strings.TrimSpace(string(out))))
	}
	return strings.TrimSpace(string(out))
}

// Where there are no programs, links and BTF of theirs, bpftool shows none.
func TestBpftoolShowsNothing(t *testing.T) {
	skipIfRefused(t)
	bpftool(t)
	for _, what := range []string{"prog show", "link show", "btf show", "cgroup show /sys/fs/cgroup", "perf show", "net show"} {
		t.Run(what, func(t *testing.T) {
			if what == "cgroup show /sys/fs/cgroup" && !isCgroup2("/sys/fs/cgroup") {
				t.Skip("/sys/fs/cgroup is no cgroup v2 here")
			}
			out := output(t, 0, bpfsimCommand(t, "run", "--", "sh", "-c", "bpftool -j "+what))
			require.NotContains(t, out, "error")
			own := `"id":1,` // of the kernel's own BTF, where it is readable
			require.NotContains(t, strings.Replace(out, own, "", 1), `"id"`)
		})
	}
}

func isCgroup2(dir string) bool {
	var st unix.Statfs_t
	return unix.Statfs(dir, &st) == nil && st.Type == unix.CGROUP2_SUPER_MAGIC
}

// What is refused is said once on standard error, and summed up, unless that is not wanted.
func TestRunSaysWhatIsRefused(t *testing.T) {
	skipIfRefused(t)
	bpftool(t)
	object, err := filepath.Abs("../../examples/agent/agent_bpfel.o")
	require.NoError(t, err)
	load := "bpftool prog loadall " + object + " /sys/fs/bpf/p && cd /sys/fs/bpf/p && p=$(ls | head -1) && "
	packet := filepath.Join(t.TempDir(), "packet")
	require.NoError(t, os.WriteFile(packet, make([]byte, 64), 0o644))
	run := "{ bpftool prog run pinned $p data_in " + packet + " || true; }"
	cmd := bpfsimCommand(t, "run", "--", "sh", "-c", load+run+" && "+run)
	out := output(t, 0, cmd)
	require.Equal(t, 1, strings.Count(out, "bpfsim: BPF_PROG_TEST_RUN is not simulated: ENOTSUPP\n"), out)
	require.Contains(t, out, "bpfsim: refused more than once: BPF_PROG_TEST_RUN (2)")
	require.True(t, strings.HasPrefix(out, "bpfsim: "), out)
	cmd = bpfsimCommand(t, "run", "--quiet", "--", "sh", "-c", load+run)
	require.Equal(t, "Error: failed to run program: Unknown error 524", output(t, 0, cmd))
}

// A map for which there is no memory is ENOMEM, and bpfsim goes on.
func TestRunMemory(t *testing.T) {
	skipIfRefused(t)
	bpftool(t)
	const large = "bpftool map create /sys/fs/bpf/x type array key 4 value 4096 entries 524288 name x; "
	const small = "bpftool map create /sys/fs/bpf/y type array key 4 value 4096 entries 1024 name y && ls /sys/fs/bpf"
	const want = "Error: map create failed: Cannot allocate memory\ny"
	require.Equal(t, want, output(t, 0, bpfsimCommand(t, "run", "--memory", "1GiB", "--", "sh", "-c", large+small)))
	cmd := bpfsimCommand(t, "run", "--", "sh", "-c", large+small)
	limited := exec.Command("sh", append([]string{"-c", `ulimit -v 4000000; exec "$0" "$@"`}, cmd.Args...)...)
	limited.Env, limited.Dir, limited.SysProcAttr = cmd.Env, cmd.Dir, cmd.SysProcAttr
	require.Equal(t, want, output(t, 0, limited))
}
