package vm

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Options describe a machine and what it runs.
type Options struct {
	// Kernel is the path of a Linux image for x86-64 (FindKernel).
	Kernel string
	// CPUs is the number of CPUs, all of them online; 0 means 1.
	CPUs int
	// Memory is the machine's memory in MiB; 0 means 1024.
	Memory int
	// Init is the path of a static Linux binary whose main calls Init first.
	Init string
	// Args are the command's arguments without its name.
	Args []string
	// Stdout receives what the command writes to its standard output and standard error, as it comes.
	Stdout io.Writer
	// Software asks for software emulation even where KVM is allowed.
	Software bool
}

const (
	defaultMemory = 1024
	program       = "qemu-system-x86_64"
)

// ErrNoQEMU says that qemu is not installed.
var ErrNoQEMU = errors.New(program + " is not installed (Debian: apt install qemu-system-x86)")

// QEMU finds the emulator.
func QEMU() (path string, err error) {
	if path, err = exec.LookPath(program); err != nil {
		return "", ErrNoQEMU
	}
	return path, nil
}

// Run boots the kernel, runs the command as root in it and returns its exit status (128+N when signal N killed it). The
// error says why there is none: no qemu, a kernel that does not come up or panics (with the end of its log), or a
// context that ended.
func Run(ctx context.Context, o Options) (code int, err error) {
	path, err := QEMU()
	if err != nil {
		return 0, err
	}
	dir, err := os.MkdirTemp("", "bpfsim-vm-")
	if err != nil {
		return 0, fmt.Errorf("run in qemu: %w", err)
	}
	defer os.RemoveAll(dir)
	m := machine{Options: o, qemu: path, initrd: filepath.Join(dir, "initrd"), log: filepath.Join(dir, "kernel.log")}
	if err := m.makeInitrd(); err != nil {
		return 0, fmt.Errorf("run in qemu: %w", err)
	}
	if code, err = m.runAnyhow(ctx); err != nil {
		return 0, fmt.Errorf("run in qemu: %w", err)
	}
	return code, nil
}

// machine is what to boot. The first serial port is the command's, the second one the kernel's, so that no message of
// the kernel can come between the bytes of the command.
type machine struct {
	Options
	qemu   string
	initrd string
	log    string // the kernel's console
}

func (m *machine) makeInitrd() error {
	file, err := os.Create(m.initrd)
	if err != nil {
		return err
	}
	err = writeInitramfs(file, m.Init, m.Args)
	return errors.Join(err, file.Close())
}

// runAnyhow tries one accelerator after the other as long as the guest fails before the command has said anything: a
// KVM inside a virtual machine may be there and still not run a kernel.
func (m *machine) runAnyhow(ctx context.Context) (code int, err error) {
	for _, accelerator := range m.accelerators() {
		var quiet bool
		if code, quiet, err = m.boot(ctx, accelerator); err == nil || !quiet || ctx.Err() != nil {
			break
		}
	}
	return code, err
}

// accelerators are what this user may use, the fastest first. Software emulation takes one thread for all CPUs: comparisons
// make one call at a time, a thread for each CPU does nothing but get in its way (8 CPUs on 2 cores: 4,800 operations a second
// against 2,800, and 340 on a busy machine), and with such threads a kernel panics now and then while it boots.
func (m *machine) accelerators() []string {
	software := []string{"tcg,thread=single", "tcg,thread=multi"}
	if m.Software || !kvmAllowed() {
		return software
	}
	return append([]string{"kvm"}, software...)
}

// boot runs qemu once. quiet reports that the command wrote nothing.
func (m *machine) boot(ctx context.Context, accelerator string) (code int, quiet bool, err error) {
	running, stop := context.WithCancel(ctx)
	defer stop()
	output, complaints := &markerReader{out: m.Stdout}, &watcher{stop: stop}
	if m.Stdout == nil {
		output.out = io.Discard
	}
	cmd := exec.CommandContext(running, m.qemu, m.flags(accelerator)...)
	cmd.Stdout, cmd.Stderr = output, complaints
	cmd.WaitDelay = time.Second
	err = cmd.Run()
	code, ended := output.code()
	switch {
	case ctx.Err() != nil:
		return 0, output.quiet(), ctx.Err()
	case ended:
		return code, output.quiet(), nil
	}
	return 0, output.quiet(), fmt.Errorf("the guest ended without an exit status (qemu: %v)\n%s%s",
		err, complaints.text, m.logTail())
}

// watcher keeps what qemu complains of and stops it where it would only stand still: after an internal error of KVM
// qemu waits for a debugger.
type watcher struct {
	text []byte
	stop func()
}

func (w *watcher) Write(p []byte) (int, error) {
	w.text = append(w.text, p...)
	if bytes.Contains(w.text, []byte("KVM internal error")) {
		w.stop()
	}
	return len(p), nil
}

func (m *machine) flags(accelerator string) []string {
	return []string{
		"-accel", accelerator, "-cpu", "max", // the default CPU lacks SSSE3, which dolthub/swiss uses without asking
		"-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
		"-smp", strconv.Itoa(max(m.CPUs, 1)), "-m", strconv.Itoa(m.memory()),
		"-serial", "stdio", "-serial", "file:" + m.log,
		"-kernel", m.Kernel, "-initrd", m.initrd, "-append", commandLine,
	}
}

func (m *machine) memory() int {
	if m.Memory == 0 {
		return defaultMemory
	}
	return m.Memory
}

// commandLine is the kernel's. A word with '=' that it does not know becomes a variable of init's environment
// (Documentation/admin-guide/kernel-parameters.rst). panic=-1 with -no-reboot makes a panic end qemu; mitigations cost
// a multiple of the time under software emulation.
const commandLine = "console=ttyS1 quiet panic=-1 mitigations=off " + guestVariable + "=1"

func kvmAllowed() bool {
	kvm, err := os.OpenFile("/dev/kvm", os.O_RDWR, 0)
	if err != nil {
		return false
	}
	kvm.Close()
	return true
}

// logTail is the kernel's log from its panic on, or the end of it.
func (m *machine) logTail() string {
	const most = 30
	content, err := os.ReadFile(m.log)
	if err != nil {
		return "no kernel log: " + err.Error()
	}
	lines := strings.Split(strings.TrimSpace(strings.ReplaceAll(string(content), "\r", "")), "\n")
	for i, line := range lines {
		if strings.Contains(line, "Kernel panic") {
			return strings.Join(lines[i:min(len(lines), i+most)], "\n")
		}
	}
	return strings.Join(lines[max(0, len(lines)-most):], "\n")
}
