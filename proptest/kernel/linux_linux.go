package kernel

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/program"
)

// Linux is the kernel that this process runs on. Only one may be open at a time, because the arena's addresses are
// fixed. Its calls are made on one thread, in a mount namespace of its own.
type Linux struct {
	user    *userMemory
	work    chan func()
	done    chan struct{}
	release string

	cpus        []int // usable ones
	cpu         int   // the thread is pinned to it, -1 at first
	open        map[int32]kind
	ids         ids // of maps
	btfs        ids // of BTF
	progs       ids // of programs
	links       ids // of links
	cgroup      cgroup
	events      events
	tracepoints tracepoints
	iterators   iterators
	machine     program.Machine
	net         network
	holders     []uint32 // real ids of the programs that hold something and live
	typed       []uint32 // real ids of the maps with BTF that live
	outers      []uint32 // real ids of the maps of maps that live
	emptied     bool     // a PROG_ARRAY was made
	pinned      bool     // bpffs may hold something
	things      things
	refers      bool // a map was made whose values refer to things
	stores      bool // a map was made whose values belong to things
	expected    *expectation
}

// Available tells why bpf(2) cannot be compared here, nil when it can.
func Available() error {
	k, err := NewLinux()
	if err != nil {
		return err
	}
	k.Close()
	return nil
}

// NewLinux opens the running kernel. The error says what the process may not do: it takes CAP_SYS_ADMIN (root) and a
// kernel that allows bpf(2).
func NewLinux() (*Linux, error) {
	k := &Linux{work: make(chan func()), done: make(chan struct{}), open: map[int32]kind{}, cpu: -1}
	opened := make(chan error)
	go k.thread(opened)
	if err := <-opened; err != nil {
		return nil, err
	}
	return k, nil
}

// thread owns everything that belongs to one thread. It never unlocks: a thread in another mount namespace must not
// return to the Go scheduler.
func (k *Linux) thread(opened chan<- error) {
	runtime.LockOSThread()
	err := k.setUp()
	opened <- err
	if err != nil {
		return
	}
	for f := range k.work {
		f()
	}
	k.closeAll()
	k.cgroup.remove()
	k.events.close()
	k.net.close()
	k.tracepoints.close()
	k.user.close()
	close(k.done)
}

func (k *Linux) setUp() error {
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		return fmt.Errorf("uname: %w", err)
	}
	k.release = unix.ByteSliceToString(name.Release[:])
	if n := os.Getpagesize(); n != program.PageSize {
		return fmt.Errorf("pages have %d bytes, the arena's %d", n, program.PageSize)
	}
	var err error
	if k.cpus, err = usableCPUs(); err != nil {
		return err
	}
	if err := privateMounts(); err != nil {
		return err
	}
	user, err := openUserMemory()
	if err != nil {
		return err
	}
	k.user = user
	if err := k.probe(); err != nil {
		user.close()
		return err
	}
	return nil
}

// privateMounts gives the thread a mount namespace of its own with an empty bpffs.
func privateMounts() error {
	if err := unix.Unshare(unix.CLONE_NEWNS | unix.CLONE_FS); err != nil {
		return fmt.Errorf("unshare mounts: %w", err)
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make mounts private: %w", err)
	}
	if err := unix.Mount("bpf", program.BPFFS, "bpf", 0, ""); err != nil {
		return fmt.Errorf("mount bpffs: %w", err)
	}
	return unix.Chdir("/")
}

// probe makes one map and asks for an id, which needs every right that programs need.
func (k *Linux) probe() error {
	attr := k.user.scratch(64)
	program.PutWord(attr[abi.CreateMapType:][:4], uint64(abi.Array))
	program.PutWord(attr[abi.CreateKeySize:][:4], 4)
	program.PutWord(attr[abi.CreateValueSize:][:4], 4)
	program.PutWord(attr[abi.CreateMaxEntries:][:4], 1)
	fd, errno := bpf(abi.MapCreate, scratchBase, 64)
	if errno != abi.OK {
		return fmt.Errorf("make a map: %w", unix.Errno(errno))
	}
	defer unix.Close(fd)
	clear(attr)
	if _, errno := bpf(abi.MapGetNextID, scratchBase, 64); errno != abi.OK {
		return fmt.Errorf("list map ids: %w", unix.Errno(errno))
	}
	return nil
}

// Close gives the thread, the arena and the maps back.
func (k *Linux) Close() {
	close(k.work)
	<-k.done
}

// Confine runs f on the kernel's thread.
func (k *Linux) Confine(f func()) {
	finished := make(chan struct{})
	k.work <- func() { f(); close(finished) }
	<-finished
}

// Name is "Linux" and the release.
func (k *Linux) Name() string { return "Linux " + k.release }

// Arena is the program's user memory.
func (k *Linux) Arena() *program.Arena { return k.user.arena }

// Start closes what the last program left and sets the machine up. It must be called inside Confine, as Bpf and Do.
func (k *Linux) Start(m program.Machine) error {
	if err := k.closeAll(); err != nil {
		return err
	}
	if n := PossibleCPUs(); m.CPUs != n {
		return fmt.Errorf("the program wants %d possible CPUs, this machine has %d", m.CPUs, n)
	}
	if err := k.net.enter(m.HasHost()); err != nil {
		return err
	}
	k.progs, k.links, k.holders = ids{}, ids{}, nil
	k.ids, k.btfs, k.outers, k.typed, k.emptied = ids{}, ids{}, nil, nil, false
	if err := k.user.extend(m.Memory); err != nil {
		return err
	}
	k.user.arena.Reset()
	if !m.BPF && UnprivilegedAllowed() {
		return errors.New("kernel.unprivileged_bpf_disabled is 0, so that callers without CAP_BPF make maps")
	}
	if m.HasHost() {
		k.events.keep()
		k.tracepoints.keep(k)
		if err := k.iterators.find(); err != nil {
			return err
		}
		k.btfs.add(program.KernelTypes)
	}
	k.machine = m
	return setCapabilities(m.BPF, m.SysAdmin)
}

// CPUs are those that steps can run on.
func (k *Linux) CPUs() []int { return k.cpus }

// closeAll frees every fd and pin of the last program.
func (k *Linux) closeAll() error {
	if err := setCapabilities(true, true); err != nil {
		return err
	}
	k.emptyArrays()
	k.tracepoints.made, k.tracepoints.left = false, false
	for fd := range k.open {
		unix.Close(int(fd))
	}
	clear(k.open)
	k.things.close()
	k.cgroup.renew()
	k.refers, k.stores = false, false
	if k.pinned {
		k.pinned = false
		k.detachLinks()
		if err := empty(program.BPFFS); err != nil {
			return err
		}
	}
	k.renewNet()
	return nil
}

// empty removes everything in a directory, except names with a dot: those are Linux's own and cannot be removed.
func empty(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("empty %s: %w", dir, err)
	}
	for _, e := range entries {
		if strings.Contains(e.Name(), ".") {
			continue
		}
		if err := os.RemoveAll(dir + "/" + e.Name()); err != nil {
			return fmt.Errorf("empty %s: %w", dir, err)
		}
	}
	return nil
}

// bpf is bpf(2). RawSyscall, because the thread is locked and the calls are short.
func bpf(cmd abi.Cmd, attr uint64, size uint32) (int, abi.Errno) {
	ret, _, errno := unix.RawSyscall(unix.SYS_BPF, uintptr(cmd), uintptr(attr), uintptr(size))
	return int(ret), abi.Errno(errno)
}
