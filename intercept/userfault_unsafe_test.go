//go:build linux && (amd64 || arm64)

package intercept_test

import (
	"os"
	"unsafe"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// Requests and structures of linux/userfaultfd.h.
const (
	uffdAPI      = 0xc018aa3f
	uffdRegister = 0xc020aa00
	uffdCopy     = 0xc028aa03
	uffdMissing  = 1
)

// userfault returns the events of a page that is to be brought when it is touched, and the page.
func (c client) userfault() (events int, page uintptr) {
	fd, _, errno := unix.Syscall(unix.SYS_USERFAULTFD, unix.O_CLOEXEC, 0, 0)
	if errno != 0 {
		c.skip("userfaultfd:", errno)
	}
	size := uintptr(os.Getpagesize())
	page, _, errno = unix.Syscall6(unix.SYS_MMAP, 0, size, unix.PROT_READ|unix.PROT_WRITE,
		unix.MAP_PRIVATE|unix.MAP_ANONYMOUS, ^uintptr(0), 0)
	require.Zero(c, errno)
	c.uffd(int(fd), uffdAPI, &[4]uint64{0xaa})
	c.uffd(int(fd), uffdRegister, &[4]uint64{uint64(page), uint64(size), uffdMissing})
	return int(fd), page
}

func (c client) uffd(fd int, request uintptr, arg *[4]uint64) {
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), request, uintptr(unsafe.Pointer(arg)))
	require.Zero(c, errno)
}

// bring fills the page with text and zeros.
func (client) bring(events int, page uintptr, text []byte) error {
	content := make([]byte, os.Getpagesize())
	copy(content, text)
	args := [5]uint64{uint64(page), uint64(uintptr(unsafe.Pointer(&content[0]))), uint64(len(content))}
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(events), uffdCopy, uintptr(unsafe.Pointer(&args)))
	if errno != 0 {
		return errno
	}
	return nil
}
