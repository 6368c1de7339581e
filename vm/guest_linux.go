package vm

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// Init returns at once unless this process is the first of a guest that Run has booted. There it never returns: it sets
// the machine up, runs this binary again with the arguments of Options.Args, reports its exit status and powers off. A
// command that Run may start calls it first thing in main.
func Init() {
	if os.Getpid() != 1 || os.Getenv(guestVariable) == "" {
		return
	}
	port, err := setUp()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bpfsim-vm:", err) // to the kernel's console, which Run shows when no status comes
		powerOff()
	}
	fmt.Fprint(port, exitLine(runCommand(port)))
	_ = unix.IoctlSetInt(int(port.Fd()), unix.TCSBRK, 1) // tcdrain(3): powering off drops what is still in the buffer
	powerOff()
}

// mounts are what a command finds mounted.
var mounts = []struct{ kind, at string }{
	{"proc", "/proc"}, {"sysfs", "/sys"}, {"devtmpfs", "/dev"}, {"tmpfs", "/tmp"}, {"bpf", "/sys/fs/bpf"},
	{"cgroup2", "/sys/fs/cgroup"},
}

// setUp mounts the file systems, sets the loopback device up and opens the command's serial port.
func setUp() (*os.File, error) {
	for _, m := range mounts {
		if err := unix.Mount(m.kind, m.at, m.kind, 0, ""); err != nil {
			return nil, fmt.Errorf("mount %s: %w", m.at, err)
		}
	}
	if err := loopbackUp(); err != nil {
		return nil, fmt.Errorf("set lo up: %w", err)
	}
	port, err := os.OpenFile("/dev/ttyS0", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, err
	}
	return port, makeRaw(int(port.Fd()))
}

// loopbackUp gives the machine its address 127.0.0.1.
func loopbackUp() error {
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(socket)
	lo, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	lo.SetUint16(unix.IFF_UP)
	return unix.IoctlIfreq(socket, unix.SIOCSIFFLAGS, lo)
}

// makeRaw lets every byte through as it is, as cfmakeraw(3) does.
func makeRaw(fd int) error {
	t, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return fmt.Errorf("set up serial port: %w", err)
	}
	t.Iflag &^= unix.IXON | unix.ICRNL | unix.INLCR | unix.IGNCR | unix.ISTRIP
	t.Oflag &^= unix.OPOST
	t.Lflag &^= unix.ECHO | unix.ECHONL | unix.ICANON | unix.ISIG | unix.IEXTEN
	return unix.IoctlSetTermios(fd, unix.TCSETS, t)
}

// runCommand runs the command as a child, so that even a crash of it has an exit status.
func runCommand(port *os.File) int {
	args, err := os.ReadFile("/" + argsPath)
	if err != nil {
		fmt.Fprintln(port, "bpfsim-vm:", err)
		return exitFailed
	}
	cmd := exec.Command("/proc/self/exe", decodeArgs(string(args))...)
	cmd.Env = []string{"HOME=/tmp", "PATH=/"}
	cmd.Stdout, cmd.Stderr = port, port
	err = cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		fmt.Fprintln(port, "bpfsim-vm:", err)
		return exitFailed
	}
	return status(cmd.ProcessState.Sys().(syscall.WaitStatus))
}

// exitFailed is the status when the command could not be run, as of env(1) and its like.
const exitFailed = 125

// status is a shell's view of how a command ended.
func status(w syscall.WaitStatus) int {
	if w.Signaled() {
		return 128 + int(w.Signal())
	}
	return w.ExitStatus()
}

func powerOff() {
	unix.Sync()
	err := unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF)
	panic(fmt.Sprintf("power off: %v", err))
}
