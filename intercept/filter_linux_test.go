//go:build linux && (amd64 || arm64)

package intercept

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// decide runs the filter as the kernel would, for the few instructions that it has.
func decide(t *testing.T, data map[uint32]uint32) uint32 {
	t.Helper()
	var a uint32
	for at, program := 0, filter(); ; at++ {
		in := program[at]
		switch in.Code {
		case unix.BPF_LD | unix.BPF_W | unix.BPF_ABS:
			a = data[in.K]
		case unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K:
			at += int(jump(in, a == in.K))
		case unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K:
			at += int(jump(in, a&in.K != 0))
		case unix.BPF_ALU | unix.BPF_AND | unix.BPF_K:
			a &= in.K
		case unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K:
			at += int(jump(in, a >= in.K))
		case unix.BPF_JMP | unix.BPF_JGT | unix.BPF_K:
			at += int(jump(in, a > in.K))
		case unix.BPF_RET | unix.BPF_K:
			return in.K
		default:
			require.Fail(t, "unknown instruction", "%+v", in)
		}
	}
}

func jump(in unix.SockFilter, taken bool) uint8 {
	if taken {
		return in.Jt
	}
	return in.Jf
}

func TestFilter(t *testing.T) {
	const (
		notify = uint32(unix.SECCOMP_RET_USER_NOTIF)
		allow  = uint32(unix.SECCOMP_RET_ALLOW)
		native = uint32(nativeArch)
	)
	type data = map[uint32]uint32
	openFlags := func(flags uint32) data {
		return data{offsetArch: native, offsetNumber: unix.SYS_OPENAT, offsetArgs + 16: flags}
	}
	limit := func(number, arg, resource, low, high uint32) data {
		at := offsetArgs + 8*arg
		return data{offsetArch: native, offsetNumber: number, at: resource, at + 8: low, at + 12: high}
	}
	waiting := func(events, maskLow, maskHigh uint32) data {
		return data{offsetArch: native, offsetNumber: unix.SYS_EPOLL_PWAIT, offsetArgs + 16: events, offsetArgs + 32: maskLow,
			offsetArgs + 36: maskHigh}
	}
	argument := func(number, arg, value uint32) data {
		return data{offsetArch: native, offsetNumber: number, offsetArgs + 8*arg: value}
	}
	option := func(level, option uint32) data {
		return data{offsetArch: native, offsetNumber: unix.SYS_SETSOCKOPT, offsetArgs + 8: level, offsetArgs + 16: option}
	}
	socket := func(family, protocol uint32) data {
		return data{offsetArch: native, offsetNumber: unix.SYS_SOCKET, offsetArgs: family, offsetArgs + 16: protocol}
	}
	for i, c := range []struct {
		data data
		want uint32
	}{
		{data{offsetArch: native, offsetNumber: unix.SYS_BPF}, notify},
		{data{offsetArch: native, offsetNumber: unix.SYS_READLINKAT}, notify},
		{data{offsetArch: native, offsetNumber: unix.SYS_STATFS}, notify},
		{data{offsetArch: native, offsetNumber: unix.SYS_FSTATFS}, notify},
		{data{offsetArch: native, offsetNumber: unix.SYS_WRITE}, allow},
		{data{offsetArch: native, offsetNumber: unix.SYS_EXECVE}, allow},
		{data{offsetArch: native, offsetNumber: unix.SYS_OPENAT2}, notify},
		{data{offsetArch: native, offsetNumber: unix.SYS_MKDIRAT}, notify},
		{data{offsetArch: native, offsetNumber: unix.SYS_RENAMEAT2}, notify},
		{data{offsetArch: native, offsetNumber: unix.SYS_FSETXATTR}, notify},
		{data{offsetArch: native, offsetNumber: unix.SYS_UNLINKAT}, allow},
		{data{offsetArch: native, offsetNumber: unix.SYS_STATX}, allow},
		{data{offsetArch: native, offsetNumber: unix.SYS_EPOLL_CTL}, notify},
		{data{offsetArch: native, offsetNumber: unix.SYS_EPOLL_PWAIT2}, notify},
		{waiting(128, 0, 0), allow}, // Go's runtime
		{waiting(127, 0, 0), notify},
		{waiting(128, 8, 0), notify},
		{waiting(128, 0, 8), notify},
		{openFlags(0), notify},
		{openFlags(unix.O_CLOEXEC | 0o100000), notify}, // O_LARGEFILE
		{openFlags(unix.O_WRONLY), allow},
		{openFlags(unix.O_WRONLY | unix.O_APPEND | unix.O_CLOEXEC), notify},
		{openFlags(unix.O_WRONLY | unix.O_APPEND | unix.O_CREAT), allow},
		{openFlags(unix.O_RDWR | unix.O_APPEND), allow},
		{argument(unix.SYS_WRITE, 0, 1), allow},
		{argument(unix.SYS_WRITE, 0, lastWatchedFD), notify},
		{openFlags(unix.O_RDWR | unix.O_CREAT), allow},
		{openFlags(unix.O_DIRECTORY), allow},
		{openFlags(unix.O_PATH), allow},
		{argument(unix.SYS_MMAP, 3, unix.MAP_SHARED), notify},
		{argument(unix.SYS_MMAP, 3, unix.MAP_SHARED_VALIDATE|unix.MAP_FIXED), notify},
		{argument(unix.SYS_MMAP, 3, unix.MAP_SHARED|unix.MAP_ANONYMOUS), allow},
		{argument(unix.SYS_MMAP, 3, unix.MAP_PRIVATE), allow},
		{argument(unix.SYS_FCNTL, 1, unix.F_SETLEASE), notify},
		{argument(unix.SYS_FCNTL, 1, unix.F_ADD_SEALS), notify},
		{argument(unix.SYS_FCNTL, 1, unix.F_GET_SEALS), notify},
		{argument(unix.SYS_FCNTL, 1, unix.F_GETFL), allow},
		{argument(unix.SYS_SENDTO, 0, firstWatchedFD-1), allow},
		{argument(unix.SYS_SENDTO, 0, firstWatchedFD), notify},
		{argument(unix.SYS_RECVMSG, 0, lastWatchedFD), notify},
		{argument(unix.SYS_SENDMSG, 0, lastWatchedFD+1), allow},
		{socket(unix.AF_NETLINK, unix.NETLINK_ROUTE), notify},
		{socket(unix.AF_NETLINK, unix.NETLINK_GENERIC), allow},
		{socket(unix.AF_INET, 0), allow},
		{option(unix.SOL_SOCKET, unix.SO_ATTACH_BPF), notify},
		{option(unix.SOL_SOCKET, unix.SO_DETACH_FILTER), notify},
		{option(unix.SOL_SOCKET, unix.SO_ATTACH_REUSEPORT_EBPF), notify},
		{option(unix.SOL_SOCKET, unix.SO_DETACH_REUSEPORT_BPF), notify},
		{option(unix.SOL_SOCKET, unix.SO_ATTACH_FILTER), allow},
		{option(unix.IPPROTO_IPV6, unix.SO_ATTACH_BPF), allow},
		{limit(unix.SYS_SETRLIMIT, 0, unix.RLIMIT_MEMLOCK, 64, 0), notify},
		{limit(unix.SYS_SETRLIMIT, 0, unix.RLIMIT_MEMLOCK, 0, 1), notify},
		{limit(unix.SYS_SETRLIMIT, 0, unix.RLIMIT_MEMLOCK, 0, 0), allow},
		{limit(unix.SYS_SETRLIMIT, 0, unix.RLIMIT_NOFILE, 64, 0), allow},
		{limit(unix.SYS_PRLIMIT64, 1, unix.RLIMIT_MEMLOCK, 64, 0), notify},
		{limit(unix.SYS_PRLIMIT64, 1, unix.RLIMIT_MEMLOCK, 0, 1), notify},
		{limit(unix.SYS_PRLIMIT64, 1, unix.RLIMIT_MEMLOCK, 0, 0), allow},
		{limit(unix.SYS_PRLIMIT64, 1, unix.RLIMIT_NOFILE, 64, 0), allow},
		{data{offsetArch: native, offsetNumber: foreignABI | unix.SYS_BPF}, refuse},
		{data{offsetArch: compatArch, offsetNumber: compatBPF}, refuse},
		{data{offsetArch: compatArch, offsetNumber: unix.SYS_BPF}, allow},
		{data{offsetArch: unix.AUDIT_ARCH_S390X, offsetNumber: unix.SYS_BPF}, allow},
	} {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			require.Equal(t, c.want, decide(t, c.data))
		})
	}
}
