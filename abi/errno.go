package abi

import "strconv"

// Errno is an error number as bpf(2) reports it: plain data, 0 means success. It has no Error method on purpose:
// kernel-side code returns it, host-side code wraps it.
type Errno uint32

// The error numbers that the map commands and the files of a bpffs can answer (asm-generic/errno-base.h, errno.h; ENOTSUPP from linux/errno.h).
const (
	OK           Errno = 0
	EPERM        Errno = 1
	ENOENT       Errno = 2
	ESRCH        Errno = 3
	EINTR        Errno = 4
	ENXIO        Errno = 6
	E2BIG        Errno = 7
	EBADF        Errno = 9
	EAGAIN       Errno = 11
	ENOMEM       Errno = 12
	EACCES       Errno = 13
	EFAULT       Errno = 14
	EBUSY        Errno = 16
	EEXIST       Errno = 17
	EXDEV        Errno = 18
	ENODEV       Errno = 19
	ENOTDIR      Errno = 20
	EISDIR       Errno = 21
	EINVAL       Errno = 22
	ENFILE       Errno = 23
	EMFILE       Errno = 24
	ENOTTY       Errno = 25
	ENOSPC       Errno = 28
	EROFS        Errno = 30
	ERANGE       Errno = 34
	ENAMETOOLONG Errno = 36
	ENOSYS       Errno = 38
	ENOTEMPTY    Errno = 39
	ELOOP        Errno = 40
	ENODATA      Errno = 61
	ENOLINK      Errno = 67
	EPROTO       Errno = 71
	EOVERFLOW    Errno = 75
	EBADFD       Errno = 77
	ENOTSOCK     Errno = 88
	EOPNOTSUPP   Errno = 95
	EAFNOSUPPORT Errno = 97
	EINPROGRESS  Errno = 115
	ESTALE       Errno = 116
	ECANCELED    Errno = 125
	ENOTSUPP     Errno = 524 // kernel-internal number that reaches user space; not EOPNOTSUPP
)

var errnoNames = map[Errno]string{
	OK: "OK", EPERM: "EPERM", ENOENT: "ENOENT", EINTR: "EINTR", ENXIO: "ENXIO", E2BIG: "E2BIG", EBADF: "EBADF", EAGAIN: "EAGAIN",
	ENOMEM: "ENOMEM", EACCES: "EACCES", EFAULT: "EFAULT", EBUSY: "EBUSY", EEXIST: "EEXIST", ENOTDIR: "ENOTDIR",
	EISDIR: "EISDIR", EINVAL: "EINVAL", ENFILE: "ENFILE", EMFILE: "EMFILE", ENOSPC: "ENOSPC", EROFS: "EROFS",
	ERANGE: "ERANGE", ENAMETOOLONG: "ENAMETOOLONG", ENOSYS: "ENOSYS", ELOOP: "ELOOP", EOVERFLOW: "EOVERFLOW",
	EBADFD: "EBADFD", EOPNOTSUPP: "EOPNOTSUPP", ENOTSUPP: "ENOTSUPP", ENOTSOCK: "ENOTSOCK", EXDEV: "EXDEV",
	ENOTEMPTY: "ENOTEMPTY", ENODEV: "ENODEV", ENODATA: "ENODATA", EPROTO: "EPROTO",
	ESRCH: "ESRCH", ENOLINK: "ENOLINK", EAFNOSUPPORT: "EAFNOSUPPORT", ESTALE: "ESTALE", EINPROGRESS: "EINPROGRESS",
	ECANCELED: "ECANCELED", ENOTTY: "ENOTTY",
}

// String is the C name, "OK" for 0, or "errno N" for a number without a name here.
func (e Errno) String() string {
	if name, ok := errnoNames[e]; ok {
		return name
	}
	return "errno " + strconv.Itoa(int(e))
}

// ErrnoByName finds the errno with a name such as "ENOMEM".
func ErrnoByName(name string) (Errno, bool) {
	for e, n := range errnoNames {
		if n == name {
			return e, true
		}
	}
	return 0, false
}
