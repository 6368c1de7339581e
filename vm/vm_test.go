package vm

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/cavaliergopher/cpio"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestInitramfs(t *testing.T) {
	init := filepath.Join(t.TempDir(), "binary")
	require.NoError(t, os.WriteFile(init, []byte("\x7fELF"), 0o600))
	var archive bytes.Buffer
	require.NoError(t, writeInitramfs(&archive, init, []string{"a b", ""}))
	files := map[string]string{}
	for r := cpio.NewReader(&archive); ; {
		header, err := r.Next()
		if err == io.EOF {
			break
		}
		require.NoError(t, err)
		content, err := io.ReadAll(r)
		require.NoError(t, err)
		files[header.Mode.String()+" "+header.Name] = string(content)
	}
	require.Equal(t, map[string]string{
		"040755 proc": "", "040755 sys": "", "040755 dev": "", "040755 tmp": "",
		"0100755 init": "\x7fELF", "0100644 args": "a b\x00\x00",
	}, files)
}

func TestArgsAreInverses(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		args := rapid.SliceOfN(rapid.StringMatching(`[^\x00]*`), 1, 5).Draw(t, "args")
		require.Equal(t, args, decodeArgs(encodeArgs(args)))
	})
	require.Empty(t, decodeArgs(encodeArgs(nil)))
}

// However the output comes in, all of it but the exit line goes out.
func TestExitLine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pieces := rapid.SliceOf(rapid.SampledFrom([]string{
			"\n", "x", marker, exitLine(3), "\n" + marker[:10], "3\n", strings.Repeat("long ", 30),
		}))
		text := strings.Join(pieces.Draw(t, "output"), "")
		code := rapid.IntRange(0, 255).Draw(t, "code")
		var out bytes.Buffer
		r := &markerReader{out: &out}
		for sent := text + exitLine(code); sent != ""; {
			n := rapid.IntRange(1, len(sent)).Draw(t, "bytes")
			_, err := io.WriteString(r, sent[:n])
			require.NoError(t, err)
			sent = sent[n:]
		}
		got, ok := r.code()
		require.True(t, ok)
		require.Equal(t, code, got)
		require.Equal(t, text, out.String())
		require.Equal(t, text == "", r.quiet())
	})
}

func TestNoExitLine(t *testing.T) {
	for _, text := range []string{"", "\n", "\n" + marker, "\n" + marker + "3", "\n" + marker + "x\n", exitLine(3) + "more"} {
		var out bytes.Buffer
		r := &markerReader{out: &out}
		_, err := io.WriteString(r, text)
		require.NoError(t, err)
		_, ok := r.code()
		require.False(t, ok, "%q", text)
		require.Equal(t, text, out.String())
	}
}

func TestNewestPackage(t *testing.T) {
	d := &debian{KernelOptions{Series: "6.12"}}
	require.Equal(t, "linux-image-6.12.117+deb12-cloud-amd64", d.newest([]string{
		"linux-image-6.12.9+deb13-cloud-amd64", "linux-image-6.12.117+deb12-cloud-amd64",
		"linux-image-6.12.118+deb12-cloud-amd64-unsigned", "linux-image-6.12.119+deb12-amd64",
		"linux-image-6.120.200-cloud-amd64",
	}))
	require.Empty(t, d.newest([]string{"linux-image-6.1.0-50-cloud-amd64"}))
	old := &debian{KernelOptions{Series: "6.1"}}
	require.Equal(t, "linux-image-6.1.0-56-cloud-amd64", old.newest([]string{
		"linux-image-6.1.0-9-cloud-amd64", "linux-image-6.1.0-56-cloud-amd64", "linux-image-6.12.117+deb12-cloud-amd64", "linux-image-6.1.0-57-amd64",
	}))
	require.Empty(t, d.newest(nil))
}

func TestFindKernel(t *testing.T) {
	cache := t.TempDir()
	find := func(o KernelOptions) (string, error) {
		o.Cache, o.Offline = cache, true
		return FindKernel(context.Background(), o)
	}
	_, err := find(KernelOptions{})
	require.ErrorIs(t, err, ErrNoKernel)
	var images []string
	for _, version := range []string{"6.12.9+deb12", "6.12.10+deb12"} {
		boot := filepath.Join(cache, "linux-image-"+version+"-cloud-amd64", "boot")
		require.NoError(t, os.MkdirAll(boot, 0o755))
		images = append(images, filepath.Join(boot, "vmlinuz-"+version+"-cloud-amd64"))
		require.NoError(t, os.WriteFile(images[len(images)-1], nil, 0o600))
	}
	newest, err := find(KernelOptions{})
	require.NoError(t, err)
	require.Equal(t, images[1], newest)
	named, err := find(KernelOptions{Package: "linux-image-6.12.9+deb12-cloud-amd64"})
	require.NoError(t, err)
	require.Equal(t, images[0], named)
	path, err := find(KernelOptions{Path: images[0]})
	require.NoError(t, err)
	require.Equal(t, images[0], path)
	_, err = find(KernelOptions{Path: filepath.Join(cache, "none")})
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestStatic(t *testing.T) {
	require.False(t, Static(filepath.Join(t.TempDir(), "none")))
	require.False(t, Static("vm_test.go"))
	require.True(t, Static(guest(t)))
}

// A program that a guest could not run says so before anything is booted.
func TestSelf(t *testing.T) {
	this, err := os.Executable()
	require.NoError(t, err)
	path, err := Self()
	if runtime.GOOS == "linux" && Static(this) {
		require.NoError(t, err)
		require.Equal(t, this, path)
	} else {
		require.ErrorContains(t, err, "build bpfsim with CGO_ENABLED=0")
	}
}

// guest builds the command of testdata/guest.
func guest(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "guest")
	cmd := exec.Command("go", "build", "-o", path, "./testdata/guest")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return path
}

// bootable is the machine that tests boot; they are skipped where qemu or a kernel image is missing.
func bootable(t *testing.T) Options {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		require.Empty(t, os.Getenv("BPFSIM_REQUIRE_TOOLS"), err)
		t.Skip(ErrNoQEMU)
	}
	kernel, err := FindKernel(context.Background(), KernelOptions{Path: os.Getenv("BPFSIM_KERNEL"), Offline: true})
	if err != nil {
		require.Empty(t, os.Getenv("BPFSIM_REQUIRE_TOOLS"), err)
		t.Skipf("%v; or run `bpfsim compare --qemu` once, which downloads Debian's; or set BPFSIM_KERNEL", err)
	}
	return Options{Kernel: kernel, Memory: 512, Init: guest(t), Software: true}
}

func TestRun(t *testing.T) {
	o := bootable(t)
	o.CPUs = 2
	for name, test := range map[string]struct {
		args []string
		code int
		out  string
	}{
		"show":  {[]string{"show", "a b", ""}, 7, string(allBytes()) + `args ["a b" ""] uid 0 CPUs 0-1 bpffs cafe4a11`},
		"kill":  {[]string{"kill"}, 128 + 9, ""},
		"panic": {[]string{"panic"}, 2, "panic: the command crashed"},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			o.Args, o.Stdout = test.args, &out
			code, err := Run(context.Background(), o)
			require.NoError(t, err)
			require.Equal(t, test.code, code)
			require.Contains(t, out.String(), test.out)
		})
	}
}

// allBytes are those that a terminal would change, and the others.
func allBytes() []byte {
	b := make([]byte, 256)
	for i := range b {
		b[i] = byte(i)
	}
	return b
}

func TestRunShowsWhyTheKernelDied(t *testing.T) {
	o := bootable(t)
	o.Args = []string{"crash-kernel"}
	_, err := Run(context.Background(), o)
	require.ErrorContains(t, err, "the guest ended without an exit status")
	require.ErrorContains(t, err, "Kernel panic - not syncing: sysrq triggered crash")
}

func TestRunEndsWithItsContext(t *testing.T) {
	o := bootable(t)
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	_, err := Run(ctx, o)
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

func TestRunWithoutAKernel(t *testing.T) {
	o := bootable(t)
	o.Kernel = "/nowhere/vmlinuz"
	_, err := Run(context.Background(), o)
	require.ErrorContains(t, err, "/nowhere/vmlinuz")
}
