package vm

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// debian gets kernel images out of Debian's packages. Downloading and unpacking a package needs no root.
type debian struct{ KernelOptions }

// image is the path of the image of the package asked for, or of the newest one.
func (d *debian) image(ctx context.Context) (string, error) {
	pkg := d.Package
	if pkg == "" && !d.Offline {
		pkg = d.newest(candidates(ctx, d.Series))
	}
	if path := d.cached(pkg); path != "" {
		return path, nil
	}
	if d.Offline || pkg == "" {
		return "", ErrNoKernel
	}
	if err := d.download(ctx, pkg); err != nil {
		return "", err
	}
	if path := d.cached(pkg); path != "" {
		return path, nil
	}
	return "", fmt.Errorf("package %s has no boot/vmlinuz-*", pkg)
}

// cached is the image of a package, or of the newest one for "", that was unpacked before; "" when there is none.
func (d *debian) cached(pkg string) string {
	if pkg == "" {
		entries, _ := os.ReadDir(d.Cache)
		names := make([]string, len(entries))
		for i, e := range entries {
			names[i] = e.Name()
		}
		if pkg = d.newest(names); pkg == "" {
			return ""
		}
	}
	images, _ := filepath.Glob(filepath.Join(d.Cache, pkg, "boot", "vmlinuz-*"))
	if len(images) == 0 {
		return ""
	}
	return images[0]
}

// candidates are the packages whose names begin like an image of the series; none where there is no apt.
func candidates(ctx context.Context, series string) []string {
	out, err := exec.CommandContext(ctx, "apt-cache", "pkgnames", "linux-image-"+series+".").Output()
	if err != nil {
		return nil
	}
	return strings.Fields(string(out))
}

// newest is the signed cloud image with the highest patch level, "" when there is none.
func (d *debian) newest(packages []string) string {
	name := regexp.MustCompile(`^linux-image-` + regexp.QuoteMeta(d.Series) + `\.(\d+)(?:-(\d+))?(?:\+deb\d+)?-cloud-amd64$`)
	level := func(pkg string) int {
		m := name.FindStringSubmatch(pkg)
		if m == nil {
			return -1
		}
		patch, _ := strconv.Atoi(m[1])
		abi, _ := strconv.Atoi(m[2]) // 6.1.0-56 counts what changed for modules, 6.12.117 the stable versions
		return patch<<16 | abi
	}
	if len(packages) == 0 {
		return ""
	}
	best := slices.MaxFunc(packages, func(a, b string) int { return level(a) - level(b) })
	if level(best) < 0 {
		return ""
	}
	return best
}

// download unpacks a package into the cache. It is unpacked elsewhere first, so that a download that breaks off leaves
// nothing that looks whole.
func (d *debian) download(ctx context.Context, pkg string) error {
	if err := os.MkdirAll(d.Cache, 0o755); err != nil {
		return err
	}
	dir, err := os.MkdirTemp(d.Cache, ".download-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := command(ctx, dir, "apt-get", "download", pkg); err != nil {
		return err
	}
	files, _ := filepath.Glob(filepath.Join(dir, "*.deb"))
	if len(files) != 1 {
		return fmt.Errorf("apt-get download %s left %d packages", pkg, len(files))
	}
	if err := command(ctx, dir, "dpkg-deb", "-x", files[0], "root"); err != nil {
		return err
	}
	if err := os.Remove(files[0]); err != nil {
		return err
	}
	return d.keep(filepath.Join(dir, "root"), pkg)
}

// keep moves the unpacked package to its place. Only boot is of use; the modules take far more room.
func (d *debian) keep(root, pkg string) error {
	if err := errors.Join(os.RemoveAll(filepath.Join(root, "lib")), os.RemoveAll(filepath.Join(root, "usr"))); err != nil {
		return err
	}
	err := os.Rename(root, filepath.Join(d.Cache, pkg))
	if d.cached(pkg) != "" {
		return nil // another process was faster
	}
	return err
}

// command runs a command in dir; the error shows what it wrote.
func command(ctx context.Context, dir, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(append([]string{name}, args...), " "), err, out)
	}
	return nil
}
