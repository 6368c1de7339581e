package intercept

import (
	"io"
	"os"

	"github.com/bpfsim/bpfsim/btf"
	"github.com/bpfsim/bpfsim/recording"
	"github.com/bpfsim/bpfsim/syscall"
)

// Options say what Run starts and which kernel answers it. Kernel and Args are required.
type Options struct {
	// Kernel answers the calls. Its maps outlive Run only as far as someone else holds them.
	Kernel *bpfsys.Kernel
	// Current is asked at each call which kernel answers it, so that a test can begin with a new one; nil means Kernel. Objects stay
	// what they are in the kernel that made them.
	Current func() *bpfsys.Kernel
	// Stray, of NewOwn, is a kernel that Current returns for callers of whom it does not know which one is theirs. A call of such a caller that is
	// about an object goes to the object's kernel.
	Stray *bpfsys.Kernel
	// Below, of NewOwn, is the directory that stands for the bpffs of a kernel, as it goes on behind BPFFS ("/a"); nil is for BPFFS itself.
	Below func(*bpfsys.Kernel) string
	// Args is the command and its arguments; the command is looked up in PATH.
	Args []string
	// BPFFS is the directory that stands for a mounted bpffs; it is made when absent. Empty means a private mount over
	// /sys/fs/bpf where the host allows one and else a temporary directory, which Stderr is told.
	BPFFS string
	// Caps are the caller's capabilities as the simulated kernel sees them: bpfsys.Root, or the zero value for an
	// unprivileged user, to whom most commands answer EPERM.
	Caps bpfsys.Caps
	// AsRoot lets the command see itself as root, with all capabilities, in a user namespace that has this process's user
	// only. It changes nothing when this process is root.
	AsRoot bool
	// Types are what programs read as the kernel's own types, in the place of the host's; those of Kernel are meant. nil for the host's.
	Types *btf.BTF
	// CPUs is the number of possible CPUs of Kernel; a thread's real CPU is taken modulo it. 0 means 1.
	CPUs int
	// Trace receives one line a bpf(2) call, as strace prints it; nil for none.
	Trace io.Writer
	// Record is who writes down each bpf(2) call that a kernel answers, to be made again; it, or what it returns, is nil for nobody. The recorder's Now
	// is to be the kernel's.
	Record func(*bpfsys.Kernel) *recording.Recorder
	// Reap makes this process adopt and reap orphans of the command. Where Yama restricts ptrace and no user namespace
	// can be had, orphans are served only this way. Only for a process that starts no other children.
	Reap bool
	// Bound has the command killed when this process ends without ending it, which SIGKILL does. Programs that the command has started go on.
	Bound bool
	// Stdin, Stdout and Stderr are the command's, as in exec.Cmd, but nil means this process's own. Warnings go to
	// Stderr too.
	Stdin          io.Reader
	Stdout, Stderr io.Writer
}

// CallerUID is the user id of the command as it sees itself.
func (o *Options) CallerUID() uint32 {
	if o.AsRoot {
		return 0
	}
	return uint32(os.Getuid())
}

// Exit codes of Run when the command did not run, as env(1) and timeout(1) have them.
const (
	ExitFailed        = 125 // bpfsim itself failed
	ExitNotExecutable = 126
	ExitNotFound      = 127
)
