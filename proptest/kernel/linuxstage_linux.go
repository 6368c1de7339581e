package kernel

import (
	"fmt"
	"runtime"

	"golang.org/x/sys/unix"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/explore"
	bpfsys "github.com/bpfsim/bpfsim/syscall"
)

// LinuxStage is a fresh process-to-be on the running kernel, on which scripts of package explore are played: its calls
// are real ones, made by one thread, on memory that Go's collector does not know.
type LinuxStage struct {
	memory  mapped
	taken   int    // bytes of the memory that are given out
	attr    uint64 // address of the attr
	maps    []int
	program ProgramRunner
}

// ProgramRunner makes a BPF program do an operation on a key of a map on the CPU that the thread is on. value is what it writes.
type ProgramRunner func(fd int32, op explore.Op, key, value []byte) (abi.Errno, error)

// stageBytes is far more than a scenario's buffers take.
const stageBytes = 1 << 20

// OnLinux runs f on a stage of the running kernel. Programs are run by program; without one, a script with programs
// cannot be played. The error says why there is no stage.
func OnLinux(program ProgramRunner, f func(explore.Stage)) error {
	memory, err := newMapped(stageBytes)
	if err != nil {
		return err
	}
	defer memory.unmap()
	k := &LinuxStage{memory: memory, program: program}
	k.attr = k.Alloc(abi.AttrSize)
	unpin, err := lockThread()
	if err != nil {
		return err
	}
	defer unpin()
	defer k.close()
	f(k)
	return nil
}

// lockThread keeps the goroutine on its thread and, behind it, on the CPUs that it had.
func lockThread() (restore func(), err error) {
	runtime.LockOSThread()
	var cpus unix.CPUSet
	if err := unix.SchedGetaffinity(0, &cpus); err != nil {
		runtime.UnlockOSThread()
		return nil, fmt.Errorf("ask for the thread's CPUs: %w", err)
	}
	return func() {
		if unix.SchedSetaffinity(0, &cpus) == nil {
			runtime.UnlockOSThread() // or else the thread ends with its goroutine
		}
	}, nil
}

func (k *LinuxStage) close() {
	for _, fd := range k.maps {
		unix.Close(fd)
	}
}

// Do makes the call. It keeps the fds of maps and closes them with the stage.
func (k *LinuxStage) Do(args bpfsys.Args) (int32, abi.Errno) {
	attr := args.Encode()
	k.memory.Write(k.attr, attr[:])
	ret, errno := bpf(args.Cmd(), k.attr, abi.AttrSize)
	if errno != abi.OK {
		return 0, errno
	}
	if args.Cmd() == abi.MapCreate {
		k.maps = append(k.maps, ret)
	}
	return int32(ret), abi.OK
}

// Attr is the attr as the kernel left it.
func (k *LinuxStage) Attr() *bpfsys.Attr {
	var attr bpfsys.Attr
	k.memory.Read(attr[:], k.attr)
	return &attr
}

// Memory is the stage's memory at its real addresses.
func (k *LinuxStage) Memory() bpfsys.Memory { return k.memory }

// Alloc reserves n bytes, zeroed.
func (k *LinuxStage) Alloc(n int) uint64 {
	addr := k.memory.addr() + uint64(k.taken)
	k.taken += (n + 7) &^ 7
	if k.taken > len(k.memory) {
		panic(fmt.Sprintf("proptest: a stage has %d bytes", len(k.memory)))
	}
	return addr
}

// CPUs is the number of possible CPUs.
func (k *LinuxStage) CPUs() int { return PossibleCPUs() }

// Pin moves the thread to a CPU.
func (k *LinuxStage) Pin(cpu int) error {
	var set unix.CPUSet
	set.Set(cpu)
	if err := unix.SchedSetaffinity(0, &set); err != nil {
		return fmt.Errorf("move to CPU %d: %w", cpu, err)
	}
	return nil
}

// Program has a BPF program do op.
func (k *LinuxStage) Program(fd int32, op explore.Op, key, value []byte) (abi.Errno, error) {
	if k.program == nil {
		return 0, fmt.Errorf("%s: nobody here runs BPF programs", op)
	}
	return k.program(fd, op, key, value)
}
