package bpfsys

// Memory is a process's user memory. Both methods stop at the first byte that cannot be accessed and return the
// number of bytes copied before it; the system call turns a short copy into EFAULT, as the kernel's copy_from_user
// and copy_to_user do (bytes before the fault stay written).
type Memory interface {
	Read(p []byte, addr uint64) int
	Write(addr uint64, p []byte) int
}

// textual is memory that is told of strings, so that it can tell what of them was read from what lies behind.
type textual interface {
	ReadString(p []byte, addr uint64) int
}

// readString is Read of a string, of which p may have more than there is.
func readString(m Memory, p []byte, addr uint64) int {
	if t, ok := m.(textual); ok {
		return t.ReadString(p, addr)
	}
	return m.Read(p, addr)
}

// inOrder is memory that copies more at once of what it knows to be read or written in small parts, in order.
type inOrder interface {
	ReadInOrder(addr, size uint64)
	WriteInOrder(addr, size uint64)
}
