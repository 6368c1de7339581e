package vm

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// KernelOptions say where FindKernel looks.
type KernelOptions struct {
	// Path is an image to use as it is.
	Path string
	// Package is the Debian package of an image, linux-image-6.12.117+deb12-cloud-amd64 for example; empty means the
	// newest cloud image of Series that apt knows.
	Package string
	// Series is the first two numbers of a version; empty means DefaultSeries.
	Series string
	// Cache is the directory for unpacked packages; empty means bpfsim/kernels in the user's cache directory.
	Cache string
	// Offline makes FindKernel look in the cache only.
	Offline bool
}

// DefaultSeries is the newest one that Debian 12 has.
const DefaultSeries = "6.12"

// ErrNoKernel says that there is no kernel image, and what to do.
var ErrNoKernel = errors.New("no kernel image: name one (a Linux for x86-64, boot/vmlinuz-* in Debian's " +
	"linux-image-*-cloud-amd64 packages)")

// FindKernel returns the path of a kernel image: the one named, or one out of Debian's package, which it downloads and
// unpacks without root, once.
func FindKernel(ctx context.Context, o KernelOptions) (string, error) {
	if o.Path != "" {
		file, err := os.Open(o.Path)
		if err != nil {
			return "", fmt.Errorf("find kernel: %w", err)
		}
		return o.Path, file.Close()
	}
	d, err := o.archive()
	if err != nil {
		return "", fmt.Errorf("find kernel: %w", err)
	}
	path, err := d.image(ctx)
	if err != nil {
		return "", fmt.Errorf("find kernel: %w", err)
	}
	return path, nil
}

// archive applies the defaults.
func (o KernelOptions) archive() (*debian, error) {
	d := &debian{KernelOptions: o}
	if d.Series == "" {
		d.Series = DefaultSeries
	}
	if d.Cache == "" {
		dir, err := os.UserCacheDir()
		if err != nil {
			return nil, err
		}
		d.Cache = filepath.Join(dir, "bpfsim", "kernels")
	}
	return d, nil
}
