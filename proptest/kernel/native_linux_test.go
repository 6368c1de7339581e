package kernel

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/btf"
	"github.com/bpfsim/bpfsim/maps"
	"github.com/bpfsim/bpfsim/syscall"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// native is this process on the real kernel and, with the same memory and the same fds, on a simulated one.
type native struct {
	bpfsys.World
	*testing.T
	raw       *Raw
	attr      piece
	memory    piece
	log       piece
	files     map[int32]*bpfsys.File // what the fds are in the simulation; nil for those that are no BPF objects
	kinds     map[int32]bpfsys.FileKind
	cgroups   map[int32][]uint64
	process   *bpfsys.Process
	sim       *bpfsys.Kernel
	refused   []bpfsys.Refusal
	passed    int       // programs that bpfsim takes and Linux does not
	otherwise int       // programs that both refuse for different reasons
	answered  abi.Errno // by bpfsim, last
	fds       struct{ hash, array, types, program, file, cgroup, netns, closed, btf int32 }
}

// piece is memory at an address.
type piece struct {
	addr  uint64
	bytes []byte
}

func (n *native) alloc(size int) piece {
	addr, bytes := n.raw.Alloc(size)
	return piece{addr, bytes}
}

func newNative(t *testing.T, caps bpfsys.Caps) *native {
	n := &native{T: t, files: map[int32]*bpfsys.File{}, kinds: map[int32]bpfsys.FileKind{}, cgroups: map[int32][]uint64{}}
	raw, err := OpenRaw(1 << 17)
	require.NoError(t, err)
	t.Cleanup(raw.Close)
	n.raw = raw
	n.attr, n.memory, n.log = n.alloc(abi.AttrSize), n.alloc(4096), n.alloc(1<<14)
	note := func(r bpfsys.Refusal) { n.refused = append(n.refused, r) }
	n.sim = bpfsys.NewKernel(bpfsys.Options{CPUs: runtime.NumCPU(), Refused: note, BTF: hostBTF, Run: ranAs})
	n.process = &bpfsys.Process{Mem: &bpfsys.ProcessMemory{Thread: unix.Gettid()}, Files: n, Caps: caps, Host: n}
	n.World = bpfsys.EmptyWorld{Files: n}
	n.fds.hash = n.object(bpfsys.MapCreate{Type: abi.Hash, KeySize: 4, ValueSize: 4, MaxEntries: 1})
	n.fds.array = n.object(bpfsys.MapCreate{Type: abi.Array, KeySize: 4, ValueSize: 64, MaxEntries: 1})
	n.fds.types = n.object(bpfsys.BTFLoad{Data: n.function(), Size: functionSize})
	n.fds.program = n.object(bpfsys.ProgLoad{Type: abi.ProgSocketFilter, InsnCnt: 2, Insns: n.insns(), License: n.text()})
	n.fds.file = n.open("/proc/self/status", bpfsys.OtherFile)
	n.fds.cgroup = n.cgroup(cgroupDir(t), nil)
	n.fds.netns = n.open("/proc/self/ns/net", bpfsys.NetNS)
	n.fds.closed = 9999
	n.fds.btf = n.loadBTF()
	return n
}

// hostBTF are the types of the kernel that this runs on, nil where it has none.
var hostBTF = sync.OnceValue(func() *btf.BTF {
	data, err := os.ReadFile("/sys/kernel/btf/vmlinux")
	if err != nil {
		return nil
	}
	log, _ := btf.NewLog(0, false, 0)
	types, _ := btf.Load(data, log)
	return types
})

// cgroup opens a new cgroup below another one, whose line of ids is given: others attach programs to those that are there.
func (n *native) cgroup(above string, line []uint64) int32 {
	dir, err := os.MkdirTemp(above, "bpfsim")
	if err != nil {
		n.Skip("a cgroup cannot be made")
	}
	n.Cleanup(func() { _ = os.Remove(dir) })
	fd := n.open(dir, bpfsys.CgroupDir)
	if line == nil {
		line = []uint64{inodeOf(n.T, above)}
	}
	n.cgroups[fd] = append([]uint64{inodeOf(n.T, dir)}, line...)
	return fd
}

// loadBTF loads an integer of 4 bytes, type 1.
func (n *native) loadBTF() int32 {
	var b btf.Builder
	b.Int("int", 4)
	size := copy(n.memory.bytes[128:], b.Bytes())
	return n.object(bpfsys.BTFLoad{Data: n.memory.addr + 128, Size: uint32(size)})
}

// cgroupDir is where cgroup v2 is mounted, or else a directory.
func cgroupDir(t *testing.T) string {
	for _, dir := range []string{"/sys/fs/cgroup", "/sys/fs/cgroup/unified"} {
		var st unix.Statfs_t
		if unix.Statfs(dir, &st) == nil && st.Type == unix.CGROUP2_SUPER_MAGIC {
			return dir
		}
	}
	t.Skip("cgroup v2 is not mounted")
	return ""
}

func (n *native) open(path string, kind bpfsys.FileKind) int32 {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	require.NoError(n, err)
	n.Cleanup(func() { unix.Close(fd) })
	n.files[int32(fd)], n.kinds[int32(fd)] = nil, kind
	return int32(fd)
}

// object makes the same object on both kernels, under the number that Linux gives it.
func (n *native) object(args bpfsys.Args) int32 {
	attr := args.Encode()
	copy(n.attr.bytes, attr[:])
	fd, errno := bpf(args.Cmd(), n.attr.addr, abi.AttrSize)
	for errno == abi.EAGAIN { // the verifier was interrupted by a signal
		fd, errno = bpf(args.Cmd(), n.attr.addr, abi.AttrSize)
	}
	if errno == abi.EPERM {
		n.Skip("bpf(2) is refused here: the comparison with the kernel needs root")
	}
	require.Equal(n, abi.OK, errno)
	n.Cleanup(func() { unix.Close(fd) })
	all := *n.process
	all.Caps = bpfsys.Root
	_, errno = n.sim.Bpf(&maps.Task{}, &all, uint32(args.Cmd()), n.attr.addr, abi.AttrSize)
	require.Equal(n, abi.OK, errno)
	n.files[int32(fd)], n.kinds[int32(fd)] = n.files[installed], bpfsys.OtherFile
	delete(n.files, installed)
	return int32(fd)
}

// installed is the fd that the simulation gives out.
const installed = 1 << 20

func (n *native) Get(fd int32) (*bpfsys.File, bool) {
	file, open := n.files[fd]
	if !open { // what the process has beside what the test knows of
		_, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
		open = err == nil
	}
	return file, open
}

func (n *native) IsOpen(fd int32) bool {
	_, open := n.Get(fd)
	return open
}

func (n *native) Install(file *bpfsys.File) (int32, abi.Errno) {
	n.files[installed] = file
	return installed, abi.OK
}

func (n *native) Kind(fd int32) bpfsys.FileKind { return n.kinds[fd] }

func (n *native) TaskFD(pid uint32, fd int32) (file *bpfsys.File, exists, open bool) {
	file, open = n.Get(fd)
	return file, int(pid) == os.Getpid(), open
}

func (n *native) Device(index uint32) bool {
	_, err := net.InterfaceByIndex(int(index))
	return err == nil
}

func (n *native) CgroupLine(fd int32) []uint64 { return n.cgroups[fd] }

func (n *native) NetNS(fd int32) uint64 {
	if n.kinds[fd] != bpfsys.NetNS {
		return 0
	}
	return n.OwnNetNS()
}

func (n *native) OwnNetNS() uint64 { return inodeOf(n.T, "/proc/thread-self/ns/net") }

// Tracepoint knows the one that the tests use.
func (n *native) Tracepoint(name string) bool { return name == "sched_switch" }

func (n *native) Function(string) (uint64, bool) { return 0, true }

func (n *native) Executable(path string) (string, abi.Errno) {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return "", abi.ENOENT
	}
	if info, err := os.Stat(real); err != nil || !info.Mode().IsRegular() {
		return "", abi.EBADF
	}
	return real, abi.OK
}

func inodeOf(t *testing.T, path string) uint64 {
	var st unix.Stat_t
	require.NoError(t, unix.Stat(path, &st))
	return st.Ino
}

func (n *native) DeviceGone(uint32) func() bool { return func() bool { return false } }

func (n *native) CgroupGone(fd int32) func() bool {
	dir, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd))
	if err != nil {
		return nil
	}
	return func() bool {
		_, err := os.Stat(dir)
		return os.IsNotExist(err)
	}
}

func (n *native) NetNSGone(int32) func() bool { return nil }

// insns is the address of r0 = 0; exit, and text that of a string behind them.
func (n *native) insns() uint64 {
	binary.LittleEndian.PutUint64(n.memory.bytes, 0xb7)
	binary.LittleEndian.PutUint64(n.memory.bytes[8:], 0x95)
	return n.memory.addr
}

func (n *native) text() uint64 {
	copy(n.memory.bytes[64:], "GPL\x00")
	return n.memory.addr + 64
}

// logTrueSize is where commands with a log write its length.
var logTrueSize = map[abi.Cmd]int{abi.ProgLoad: 140, abi.BTFLoad: 28}

// othersLinks are the commands that find links which other programs of the machine have meanwhile.
var othersLinks = map[abi.Cmd]bool{abi.LinkGetNextID: true, abi.LinkGetFDByID: true}

// compare makes a call on both: errno and what the attr holds afterwards must agree, unless the call is refused.
func (n *native) compare(cmd abi.Cmd, attr bpfsys.Attr) (linux abi.Errno, refused bool) {
	return n.compareSize(cmd, attr, abi.AttrSize)
}

// compareSize is compare of a caller that knows so many bytes of the attr.
func (n *native) compareSize(cmd abi.Cmd, attr bpfsys.Attr, size uint32) (linux abi.Errno, refused bool) {
	n.refused = nil
	memory := slices.Clone(n.memory.bytes)
	copy(n.attr.bytes, attr[:])
	_, sim := n.sim.Bpf(&maps.Task{}, n.process, uint32(cmd), n.attr.addr, size)
	n.answered = sim
	after := bpfsys.Attr(n.attr.bytes)
	fd, linux := 0, abi.EAGAIN
	for linux == abi.EAGAIN { // the verifier was interrupted by a signal
		copy(n.attr.bytes, attr[:])
		copy(n.memory.bytes, memory)
		fd, linux = bpf(cmd, n.attr.addr, size)
	}
	if linux == abi.OK && fd > 0 {
		unix.Close(fd)
	}
	if n.refused != nil {
		require.Equal(n, cmd, n.refused[0].Cmd)
		return linux, true
	}
	if cmd == abi.ProgLoad && sim == abi.OK && linux != abi.OK {
		n.passed++ // as it does where only a verifier can tell
		return linux, false
	}
	if othersLinks[cmd] && linux == abi.OK && sim == abi.ENOENT {
		return linux, false
	}
	if linux != sim {
		logs := n.logs(cmd, attr)
		if linux != abi.OK && strings.Contains(logs, "R1=ctx") {
			n.otherwise++ // the simulation came to something else first
			return linux, false
		}
		require.Equal(n, linux, sim, "%v %s%s", cmd, words(attr), logs)
	}
	native := bpfsys.Attr(n.attr.bytes)
	if at, logs := logTrueSize[cmd]; logs { // it depends on the verifier's text
		clear(native[at:][:4])
		clear(after[at:][:4])
	}
	if cmd == abi.ProgTestRun {
		clear(native[durationField:][:4])
		clear(after[durationField:][:4])
	}
	require.Equal(n, words(native), words(after), "%v %s", cmd, words(attr))
	return linux, false
}

// words shows what is set in an attr.
func words(attr bpfsys.Attr) (text string) {
	for off := 0; off < len(attr); off += 4 {
		if v := binary.LittleEndian.Uint32(attr[off:]); v != 0 {
			text += fmt.Sprintf("%d:%#x ", off, v)
		}
	}
	return text
}

// callers are those that the comparison is made for.
var callers = []struct {
	name string
	caps bpfsys.Caps
	bits uint64
}{
	{"root", bpfsys.Root, 0},
	{"CAP_BPF", bpfsys.Caps{BPF: true}, 1 << unix.CAP_BPF},
	{"nobody", bpfsys.Caps{}, 1 << unix.CAP_CHOWN},
}

// asEach runs f for each caller, on a thread of its own that has no more capabilities.
func asEach(t *testing.T, f func(t *testing.T, n *native, draw *rand.Rand)) {
	for i, who := range callers {
		t.Run(who.name, func(t *testing.T) {
			n := newNative(t, who.caps)
			done := make(chan struct{})
			go func() {
				defer close(done)
				runtime.LockOSThread() // for ever: the thread ends with the goroutine
				if who.bits != 0 {
					limit(t, who.bits)
				}
				f(t, n, rand.New(rand.NewPCG(1, uint64(i))))
			}()
			<-done
		})
	}
}

func limit(t *testing.T, bits uint64) {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	data := [2]unix.CapUserData{}
	for i := range data {
		data[i].Effective = uint32(bits >> (32 * i))
		data[i].Permitted = data[i].Effective
	}
	require.NoError(t, unix.Capset(&header, &data[0]))
}
