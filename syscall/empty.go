package bpfsys

import "github.com/bpfsim/bpfsim/abi"

// Offsets in the attr of TOKEN_CREATE.
const (
	tokenFlags = 0
	tokenBPFFS = 4
)

// tokenCreate follows bpf_token_create: in the first user namespace there are no tokens.
func (c *call) tokenCreate() abi.Errno {
	fd := c.attr.fd(tokenBPFFS)
	if c.attr.u32(tokenFlags) != 0 {
		return abi.EINVAL
	}
	switch errno := c.noSuchObject(fd); {
	case errno == abi.EBADF, c.proc.host().Kind(fd) != BPFFSRoot:
		return errno
	case !c.proc.Caps.BPF:
		return abi.EPERM
	}
	return abi.EOPNOTSUPP
}

// Offsets in the attr of PROG_STREAM_READ_BY_FD.
const (
	streamID   = 12
	streamProg = 16
)

// streamRead reads what a program has printed; a probe never runs. Streams 1 and 2 are its standard output and error.
func (c *call) streamRead() abi.Errno {
	if errno := c.isProgram(c.attr.fd(streamProg)); errno != abi.OK {
		return errno
	}
	if id := c.attr.u32(streamID); id != 1 && id != 2 {
		return abi.ENOENT
	}
	return abi.OK
}
