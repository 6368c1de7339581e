package bench

import "golang.org/x/sys/unix"

// Ways to open a file: bpfsim is told of those for reading, and its filter lets those for writing through.
const (
	forReading = unix.O_RDONLY | unix.O_CLOEXEC
	forWriting = unix.O_RDWR | unix.O_CLOEXEC
)

// openClose opens and closes a file with nothing but the two system calls.
func openClose(path string, how int) error {
	fd, err := unix.Open(path, how, 0)
	if err != nil {
		return err
	}
	return unix.Close(fd)
}
