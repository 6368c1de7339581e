package patch

// Version is the number in the name of the variable that links patched code with the simulator: it changes with the fields.
const Version = "2"

const hookName = "bpfsimHook" + Version

// fileDeclarations are the functions in the place of those of package os.
const fileDeclarations = `

var ` + hookName + ` = struct {
	on       bool
	open     func(name string) (file *os.File, err error, ours bool)
	readlink func(name string) (text string, ours bool)
	path     func(name string) string
}{on: true}

func bpfsimOpen(name string) (*os.File, error) {
	if ` + hookName + `.open != nil {
		if file, err, ours := ` + hookName + `.open(name); ours {
			return file, err
		}
	}
	return os.Open(name)
}

func bpfsimReadFile(name string) (text []byte, err error) {
	if ` + hookName + `.open == nil {
		return os.ReadFile(name)
	}
	file, err := bpfsimOpen(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	for buf := make([]byte, 4096); ; {
		n, err := file.Read(buf)
		if text = append(text, buf[:n]...); n == 0 || err != nil {
			return text, nil
		}
	}
}

func bpfsimReadlink(name string) (string, error) {
	if ` + hookName + `.readlink != nil {
		if text, ours := ` + hookName + `.readlink(name); ours {
			return text, nil
		}
	}
	return os.Readlink(name)
}

func bpfsimRemove(name string) error {
	if ` + hookName + `.path != nil {
		name = ` + hookName + `.path(name)
	}
	return os.Remove(name)
}
`

// callDeclarations are for bpf(2) itself. What attr points to leaks, for all that the compiler knows, so that it is on the heap, and the
// simulator can reach it by its address; attr itself may stay on the stack, since it is passed on as a pointer.
const callDeclarations = `

var bpfsimCall` + Version + ` = struct {
	bpf func(cmd uint32, attr unsafe.Pointer, size uintptr) (ret int32, errno uint32)
	on  bool
}{on: true}

var (
	bpfsimNever bool
	bpfsimLeak  unsafe.Pointer
	bpfsimTold  int
)

// bpfsimUnanswered says who makes calls that nobody answers, a few times.
func bpfsimUnanswered(cmd Cmd) {
	const own, most = "github.com/cilium/ebpf", 16
	if bpfsimTold == 0 {
		println("bpfsim: bpf(2) is answered with ENOSYS: this program was built by bpfsim test or with what bpfsim env prints, and nothing in it answers" +
			" (yet): call bpftest.Main in TestMain, of the version that the command bpfsim has; with a Go that it does not know, make no calls before that," +
			" such as in func init and the values of package variables; or take the other road, which answers those, too: BPFSIM_ROAD=notified.")
	}
	if bpfsimTold++; bpfsimTold > most {
		return
	}
	var pcs [64]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(1, pcs[:])])
	for more := true; more; {
		var f runtime.Frame
		f, more = frames.Next()
		if len(f.Function) < len(own) || f.Function[:len(own)] != own {
			println("bpfsim: bpf(2) command", cmd, "of", f.Function, "at", f.File, f.Line, "is answered with ENOSYS")
			return
		}
	}
}

func bpfsimBPF(cmd Cmd, attr unsafe.Pointer, size uintptr) (ret uintptr, errno uint32) {
	if bpfsimNever {
		bpfsimLeak = *(*unsafe.Pointer)(attr)
	}
	if bpfsimCall` + Version + `.bpf == nil {
		if bpfsimCall` + Version + `.on {
			bpfsimUnanswered(cmd)
		}
		return ^uintptr(0), 38 // ENOSYS
	}
	made, errno := bpfsimCall` + Version + `.bpf(uint32(cmd), bpfsimNoEscape(attr), size)
	return uintptr(made), errno
}

// bpfsimAnswer is bpfsimBPF with an errno of the type that the function has which it replaces.
func bpfsimAnswer[E ~uintptr](cmd Cmd, attr unsafe.Pointer, size uintptr, _ func(_, _, _, _ uintptr) (uintptr, uintptr, E)) (uintptr, E) {
	ret, errno := bpfsimBPF(cmd, attr, size)
	return ret, E(errno)
}

//go:nosplit
//go:nocheckptr
func bpfsimNoEscape(p unsafe.Pointer) unsafe.Pointer {
	x := uintptr(p)
	return unsafe.Pointer(x ^ 0)
}
`

// unixDeclarations are the functions that stand before system calls.
const unixDeclarations = `

var ` + hookName + ` = struct {
	on            bool
	mayMap        func(fd int, offset int64, length uintptr, prot, flags int) error
	epollCtl      func(queue, op, fd int, event *EpollEvent) (err error, ours bool)
	epollWait     func(queue int, events []EpollEvent, msec int) (n int, err error, ours bool)
	perfEventOpen func(attr *PerfEventAttr, pid, cpu, group, flags int) (fd int, err error, ours bool)
	ioctl         func(fd int, request uint, value int) (err error, ours bool)
	statfs        func(path string, buf *Statfs_t) error
	path          func(name string) string
	memlock       func(limit Rlimit) (old Rlimit, err error)
}{on: true}
`

// The one call of bpf(2), and what takes its place. Behind a filter (on is false) it is made after all.
const (
	callWanted = "r1, _, errNo := unix.Syscall(unix.SYS_BPF, uintptr(cmd), uintptr(attr), size)"
	callMade   = "r1, errNo := bpfsimAnswer(cmd, attr, size, unix.Syscall); if !bpfsimCall" + Version + ".on { r1, _, errNo = unix.Syscall(unix.SYS_BPF, uintptr(cmd), uintptr(attr), size) }"
)

// wrapper is a function of internal/unix: how it may be declared, and what it does first.
type wrapper struct {
	heads   []string
	first   string
	mayLack bool // not every version has it
}

var unixWrappers = map[string]wrapper{
	"Mmap": {heads: []string{"func Mmap(fd int, offset int64, length int, prot int, flags int) (data []byte, err error)"},
		first: ` if bpfsim := ` + hookName + `.mayMap; bpfsim != nil { if err := bpfsim(fd, offset, uintptr(length), prot, flags); err != nil { return nil, err } };`},
	"MmapPtr": {heads: []string{"func MmapPtr(fd int, offset int64, addr unsafe.Pointer, length uintptr, prot int, flags int) (ret unsafe.Pointer, err error)"},
		first:   ` if bpfsim := ` + hookName + `.mayMap; bpfsim != nil { if err := bpfsim(fd, offset, length, prot, flags); err != nil { return nil, err } };`,
		mayLack: true},
	"EpollCtl": {heads: []string{"func EpollCtl(epfd int, op int, fd int, event *EpollEvent) (err error)"},
		first: ` if bpfsim := ` + hookName + `.epollCtl; bpfsim != nil { if err, ours := bpfsim(epfd, op, fd, event); ours { return err } };`},
	"EpollWait": {heads: []string{"func EpollWait(epfd int, events []EpollEvent, msec int) (n int, err error)"},
		first: ` if bpfsim := ` + hookName + `.epollWait; bpfsim != nil { if n, err, ours := bpfsim(epfd, events, msec); ours { return n, err } };`},
	"PerfEventOpen": {heads: []string{"func PerfEventOpen(attr *PerfEventAttr, pid int, cpu int, groupFd int, flags int) (fd int, err error)"},
		first: ` if bpfsim := ` + hookName + `.perfEventOpen; bpfsim != nil { if fd, err, ours := bpfsim(attr, pid, cpu, groupFd, flags); ours { return fd, err } }` +
			` else if ` + hookName + `.on { println("bpfsim: perf_event_open is answered with ENOSYS: nothing answers (yet)"); return -1, syscall.Errno(38) };`},
	"IoctlSetInt": {heads: []string{"func IoctlSetInt(fd int, req uint, value int) error"},
		first: ` if bpfsim := ` + hookName + `.ioctl; bpfsim != nil { if err, ours := bpfsim(fd, req, value); ours { return err } };`},
	"Statfs": {heads: []string{"func Statfs(path string, buf *Statfs_t) (err error)"},
		first: ` if bpfsim := ` + hookName + `.statfs; bpfsim != nil { return bpfsim(path, buf) };`},
	"Renameat2": {heads: []string{"func Renameat2(olddirfd int, oldpath string, newdirfd int, newpath string, flags uint) error"},
		first: ` if bpfsim := ` + hookName + `.path; bpfsim != nil { oldpath, newpath = bpfsim(oldpath), bpfsim(newpath) };`},
	"Prlimit": {heads: []string{"func Prlimit(pid, resource int, new, old *Rlimit) error"},
		first: ` if bpfsim := ` + hookName + `.memlock; bpfsim != nil && pid == 0 && resource == RLIMIT_MEMLOCK && new != nil { was, err := bpfsim(*new); if old != nil { *old = was }; return err };`},
}
