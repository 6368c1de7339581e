package intercept

import (
	"sync"

	"golang.org/x/sys/unix"
)

// fileSize is held while RLIMIT_FSIZE differs from what this process was given.
var fileSize sync.Mutex

// beyondFileSize runs f, which makes a file of that size at most, whatever RLIMIT_FSIZE is: bpf(2) knows no such limit. It is
// ENOMEM where the hard limit is lower and may not be raised. Afterwards the limit is what it was, as the command is to
// inherit it.
func beyondFileSize(size int64, f func() error) error {
	fileSize.Lock()
	defer fileSize.Unlock()
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_FSIZE, &limit); err != nil || uint64(size) <= limit.Cur {
		return f()
	}
	raised := unix.Rlimit{Cur: uint64(size), Max: max(limit.Max, uint64(size))}
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &raised); err != nil {
		return unix.ENOMEM
	}
	defer func() { _ = unix.Setrlimit(unix.RLIMIT_FSIZE, &limit) }()
	return f()
}

// resize gives a file so many bytes.
func resize(fd int, size int64) error {
	return beyondFileSize(size, func() error { return unix.Ftruncate(fd, size) })
}
