package intercept

import (
	"github.com/bpfsim/bpfsim/abi"
	"golang.org/x/sys/unix"
)

// duplicateFD gives this process another fd; flags has O_CLOEXEC where it is not for programs that are executed.
func duplicateFD(source int, flags uint32) (int32, abi.Errno) {
	how := unix.F_DUPFD
	if flags&unix.O_CLOEXEC != 0 {
		how = unix.F_DUPFD_CLOEXEC
	}
	fd, err := unix.FcntlInt(uintptr(source), how, 1) // clients take 0 for none
	if err != nil {
		return 0, errnoOf(err)
	}
	return int32(fd), abi.OK
}

// replaceFD lets fd stand for what source does.
func replaceFD(source int, fd int32, flags int) abi.Errno {
	if err := unix.Dup3(source, int(fd), flags); err != nil {
		return errnoOf(err)
	}
	return abi.OK
}
