package kernel

import (
	"fmt"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/bpfsim/bpfsim/abi"
)

// Raw is the running Linux for benchmarks: bpf(2) on memory at fixed addresses, without a program, an arena or
// checks. One at a time may be open.
type Raw struct {
	memory []byte
	used   int
	fds    []int
}

// rawBase is where the memory of a Raw lies, far from the arena and from what Go and the system map.
const rawBase = 0x2000_0000_0000

// OpenRaw opens the running kernel with size bytes of user memory. It takes CAP_BPF.
func OpenRaw(size int) (*Raw, error) {
	file, err := unix.MemfdCreate("bpfsim-bench", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("make user memory: %w", err)
	}
	defer unix.Close(file)
	if err := unix.Ftruncate(file, int64(size)); err != nil {
		return nil, fmt.Errorf("size user memory: %w", err)
	}
	if err := mapAt(rawBase, uint64(size), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED, file, 0); err != nil {
		return nil, err
	}
	memory, err := unix.Mmap(file, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		_ = unmap(rawBase, uint64(size))
		return nil, fmt.Errorf("map user memory: %w", err)
	}
	return &Raw{memory: memory}, nil
}

// Alloc gives out n bytes, zeroed, by address and for direct access. Both stay valid until Reset.
func (r *Raw) Alloc(n int) (addr uint64, bytes []byte) {
	at := r.used
	r.used += (n + 63) &^ 63
	bytes = r.memory[at : at+n : at+n]
	clear(bytes)
	return rawBase + uint64(at), bytes
}

// Bpf makes the system call.
func (r *Raw) Bpf(cmd abi.Cmd, attr uint64, size uint32) (int32, abi.Errno) {
	ret, errno := bpf(cmd, attr, size)
	if cmd == abi.MapCreate && errno == abi.OK {
		r.fds = append(r.fds, ret)
	}
	return int32(ret), errno
}

// CloseFD closes a map.
func (r *Raw) CloseFD(fd int32) {
	r.fds = slices.DeleteFunc(r.fds, func(open int) bool { return open == int(fd) })
	unix.Close(int(fd))
}

// Reset closes every map and takes all memory back.
func (r *Raw) Reset() {
	for _, fd := range r.fds {
		unix.Close(fd)
	}
	r.fds, r.used = r.fds[:0], 0
}

// Close gives everything back to the system.
func (r *Raw) Close() {
	r.Reset()
	_ = unmap(rawBase, uint64(len(r.memory)))
	_ = unix.Munmap(r.memory)
}
