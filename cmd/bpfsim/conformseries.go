package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/bpfsim/bpfsim/profile"
	"github.com/bpfsim/bpfsim/vm"
)

// series finds the series that is right.
func (f *conformFlags) series(name string, command bool) error {
	linux := name == "linux" && !command
	if f.qemu && !linux {
		return errors.New("--qemu is about a kernel: want linux with it")
	}
	text := f.linux
	if text == "" && f.qemu {
		text = vm.DefaultSeries
	}
	like, err := profile.Named(text)
	if err != nil {
		return fmt.Errorf("--linux: %w", err)
	}
	f.options.Linux = like.Release
	if text == "" && linux {
		release, _ := os.ReadFile("/proc/sys/kernel/osrelease")
		f.options.Linux = seriesOf(string(release))
	}
	return nil
}

// inVM scores a kernel in a guest, from inside of it.
func (f *conformFlags) inVM(ctx context.Context, out io.Writer) (err error) {
	series := f.options.Linux.String()
	m := vm.Options{CPUs: 2, Memory: 2048, Stdout: out, Args: []string{"conform", "--linux", series, "--programs", strconv.Itoa(f.options.Programs),
		"--seed", strconv.FormatUint(f.options.Seed, 10), "--json=" + strconv.FormatBool(f.json), "linux"}}
	if len(f.types) > 0 {
		m.Args = append(m.Args, "--types", strings.Join(f.types, ","))
	}
	if m.Init, err = vm.Self(); err != nil {
		return fmt.Errorf("conform: %w", err)
	}
	if m.Kernel, err = vm.FindKernel(ctx, vm.KernelOptions{Series: series}); err != nil {
		return fmt.Errorf("conform: %w", err)
	}
	code, err := vm.Run(ctx, m)
	if err == nil && code != 0 {
		return &exitError{code: code}
	}
	return err
}
