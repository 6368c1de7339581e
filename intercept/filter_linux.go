//go:build linux && (amd64 || arm64)

package intercept

import (
	"github.com/bpfsim/bpfsim/abi"
	"golang.org/x/sys/unix"
)

// Offsets in struct seccomp_data (linux/seccomp.h); both architectures are little-endian, so that the low half of an
// argument lies at its own offset.
const (
	offsetNumber = 0
	offsetArch   = 4
	offsetArgs   = 16
)

// notReading are the open(2) flags that no reader of the files that we answer for uses. Opens with any of them are let
// through unseen, which spares most programs most of the notifications.
const notReading = unix.O_WRONLY | unix.O_RDWR | unix.O_CREAT | unix.O_DIRECTORY | unix.O_PATH

// refuse is what the filter answers to the bpf(2) of a foreign ABI.
const refuse = unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)

// asm collects instructions of a classic BPF program.
type asm []unix.SockFilter

func (a *asm) load(offset uint32) {
	*a = append(*a, unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: offset})
}

func (a *asm) ret(action uint32) {
	*a = append(*a, unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: action})
}

// unless jumps over the next n instructions when the comparison with k fails.
func (a *asm) unless(op uint16, k uint32, n uint8) {
	*a = append(*a, unix.SockFilter{Code: unix.BPF_JMP | op | unix.BPF_K, K: k, Jf: n})
}

// when jumps over the next n instructions when the comparison with k holds.
func (a *asm) when(op uint16, k uint32, n uint8) {
	*a = append(*a, unix.SockFilter{Code: unix.BPF_JMP | op | unix.BPF_K, K: k, Jt: n})
}

func (a *asm) and(mask uint32) {
	*a = append(*a, unix.SockFilter{Code: unix.BPF_ALU | unix.BPF_AND | unix.BPF_K, K: mask})
}

// filter is the classic BPF program that picks the calls to be answered by the supervisor.
func filter() []unix.SockFilter {
	var a asm
	a.load(offsetArch)
	a.unless(unix.BPF_JEQ, compatArch, 4)
	a.load(offsetNumber)
	a.unless(unix.BPF_JEQ, compatBPF, 1)
	a.ret(refuse)
	a.ret(unix.SECCOMP_RET_ALLOW)
	a.unless(unix.BPF_JEQ, nativeArch, 1)
	a.load(offsetNumber)
	a.native()
	return a
}

// native continues behind the architecture check with the call's number loaded. A foreign architecture arrives with
// its audit number in the accumulator, which equals no call's number.
func (a *asm) native() {
	a.unless(unix.BPF_JEQ, foreignABI|unix.SYS_BPF, 1)
	a.ret(refuse)
	a.watched()
	for _, number := range []int{unix.SYS_BPF, unix.SYS_READLINKAT, unix.SYS_STATFS, unix.SYS_FSTATFS, unix.SYS_OPENAT2,
		unix.SYS_EPOLL_CTL, unix.SYS_EPOLL_PWAIT2, unix.SYS_PERF_EVENT_OPEN} {
		a.notify(number)
	}
	for _, number := range attributeCalls {
		a.notify(number)
	}
	for _, m := range makers {
		a.notify(m.number)
	}
	a.opens(unix.SYS_OPENAT, 2)
	a.limits(unix.SYS_SETRLIMIT, 0)
	a.limits(unix.SYS_PRLIMIT64, 1)
	a.mappings()
	a.leasesAndSeals()
	a.waits()
	a.perfRequests()
	a.socketOptions()
	a.rtnetlink()
	if legacyNumber {
		a.notify(sysEpollWait)
		a.notify(sysReadlink)
		a.opens(sysOpen, 1)
	}
	a.ret(unix.SECCOMP_RET_ALLOW)
}

func (a *asm) notify(number int) {
	a.unless(unix.BPF_JEQ, uint32(number), 1)
	a.ret(unix.SECCOMP_RET_USER_NOTIF)
}

// opens notifies of a call that opens a file for reading only, or one that exists for appending only; its flags are argument arg.
func (a *asm) opens(number int, arg uint32) {
	a.unless(unix.BPF_JEQ, uint32(number), 6)
	a.load(offsetArgs + 8*arg)
	a.unless(unix.BPF_JSET, notReading, 3)
	a.and(appendingMask)
	a.when(unix.BPF_JEQ, appending, 1)
	a.ret(unix.SECCOMP_RET_ALLOW)
	a.ret(unix.SECCOMP_RET_USER_NOTIF)
}

// mappings notifies of shared mappings of files, which are few: a dynamic loader's are private.
func (a *asm) mappings() {
	a.unless(unix.BPF_JEQ, unix.SYS_MMAP, 5)
	a.load(offsetArgs + 8*3)
	a.unless(unix.BPF_JSET, unix.MAP_SHARED, 2)
	a.when(unix.BPF_JSET, unix.MAP_ANONYMOUS, 1)
	a.ret(unix.SECCOMP_RET_USER_NOTIF)
	a.ret(unix.SECCOMP_RET_ALLOW)
}

// waits notifies of epoll_pwait(2), but not of the runtime's of Go programs, which is frequent: it waits for edges alone, with
// room for 128 events and no signal mask (runtime/netpoll_epoll.go).
func (a *asm) waits() {
	a.unless(unix.BPF_JEQ, unix.SYS_EPOLL_PWAIT, 8)
	a.load(offsetArgs + 8*2)
	a.unless(unix.BPF_JEQ, 128, 5)
	a.load(offsetArgs + 8*4)
	a.unless(unix.BPF_JEQ, 0, 3)
	a.load(offsetArgs + 8*4 + 4)
	a.unless(unix.BPF_JEQ, 0, 1)
	a.ret(unix.SECCOMP_RET_ALLOW)
	a.ret(unix.SECCOMP_RET_USER_NOTIF)
}

// leasesAndSeals notifies of the commands of fcntl(2) that work on a memfd and not on a map.
func (a *asm) leasesAndSeals() {
	a.unless(unix.BPF_JEQ, unix.SYS_FCNTL, 6)
	a.load(offsetArgs + 8)
	a.when(unix.BPF_JEQ, unix.F_SETLEASE, 2)
	a.when(unix.BPF_JEQ, unix.F_ADD_SEALS, 1)
	a.unless(unix.BPF_JEQ, unix.F_GET_SEALS, 1)
	a.ret(unix.SECCOMP_RET_USER_NOTIF)
	a.ret(unix.SECCOMP_RET_ALLOW)
}

// perfRequests notifies of the requests of ioctl(2) on perf events, which have a type of their own.
func (a *asm) perfRequests() {
	a.unless(unix.BPF_JEQ, unix.SYS_IOCTL, 5)
	a.load(offsetArgs + 8)
	a.and(0xff00)
	a.unless(unix.BPF_JEQ, uint32(abi.PerfEnable), 1)
	a.ret(unix.SECCOMP_RET_USER_NOTIF)
	a.ret(unix.SECCOMP_RET_ALLOW)
}

// socketOptions notifies of the options of setsockopt(2) that have to do with programs.
func (a *asm) socketOptions() {
	options := abi.SocketOptions
	a.unless(unix.BPF_JEQ, unix.SYS_SETSOCKOPT, uint8(5+len(options)))
	a.load(offsetArgs + 8)
	a.unless(unix.BPF_JEQ, unix.SOL_SOCKET, uint8(1+len(options)))
	a.load(offsetArgs + 8*2)
	for i, option := range options {
		a.when(unix.BPF_JEQ, uint32(option), uint8(len(options)-i))
	}
	a.ret(unix.SECCOMP_RET_ALLOW)
	a.ret(unix.SECCOMP_RET_USER_NOTIF)
}

// watched notifies of calls of the numbers that are watched. They are the most frequent of the calls whose arguments are looked at.
func (a *asm) watched() {
	for _, number := range watchedCalls {
		a.unless(unix.BPF_JEQ, uint32(number), 5)
		a.load(offsetArgs)
		a.unless(unix.BPF_JGE, firstWatchedFD, 2)
		a.when(unix.BPF_JGT, lastWatchedFD, 1)
		a.ret(unix.SECCOMP_RET_USER_NOTIF)
		a.ret(unix.SECCOMP_RET_ALLOW)
	}
}

// rtnetlink notifies of the making of its sockets.
func (a *asm) rtnetlink() {
	a.unless(unix.BPF_JEQ, unix.SYS_SOCKET, 6)
	a.load(offsetArgs)
	a.unless(unix.BPF_JEQ, unix.AF_NETLINK, 3)
	a.load(offsetArgs + 8*2)
	a.unless(unix.BPF_JEQ, unix.NETLINK_ROUTE, 1)
	a.ret(unix.SECCOMP_RET_USER_NOTIF)
	a.ret(unix.SECCOMP_RET_ALLOW)
}

// limits notifies of a call that sets RLIMIT_MEMLOCK: the resource is argument arg, the new limit the one behind it,
// which prlimit leaves out to read a limit.
func (a *asm) limits(number int, arg uint32) {
	a.unless(unix.BPF_JEQ, uint32(number), 8)
	a.load(offsetArgs + 8*arg)
	a.unless(unix.BPF_JEQ, unix.RLIMIT_MEMLOCK, 5)
	a.load(offsetArgs + 8*(arg+1))
	a.unless(unix.BPF_JEQ, 0, 2)
	a.load(offsetArgs + 8*(arg+1) + 4)
	a.when(unix.BPF_JEQ, 0, 1)
	a.ret(unix.SECCOMP_RET_USER_NOTIF)
	a.ret(unix.SECCOMP_RET_ALLOW)
}
