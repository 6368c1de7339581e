package bpfsys

import "github.com/bpfsim/bpfsim/abi"

// There are no programs but those of feature probes and no links. What is here answers as Linux does where
// there are none; the checks and their order were measured on 6.18.

// nextOfNone is the walk over the ids of objects of which there are none.
func (c *call) nextOfNone() abi.Errno {
	return c.nextID(func(uint32) (uint32, bool) { return 0, false })
}

// noneWithID opens an object by id.
func (c *call) noneWithID() abi.Errno {
	if !c.proc.Caps.SysAdmin {
		return abi.EPERM
	}
	return abi.ENOENT
}

// unfit is for commands that want a program of another type than the probes have.
func (c *call) unfit(fd int32) abi.Errno {
	if errno := c.isProgram(fd); errno != abi.OK {
		return errno
	}
	return abi.EINVAL
}

// Offsets in the attrs of commands on links and iterators.
const (
	rawTracepointProg = 8
	linkFD            = 0 // prog_fd of LINK_CREATE, map_fd of one for STRUCT_OPS, link_fd of the others
	linkCreateType    = 8
	linkUpdateFlags   = 8
	linkReplace       = 4 // BPF_F_REPLACE
	tokenFlags        = 0
	tokenBPFFS        = 4
	queryPID          = 0
	queryFD           = 4
	queryFlags        = 8
)

// linkCreate follows link_create: the program of a link must fit its attach type, and STRUCT_OPS, which takes a map,
// has none that fits.
func (c *call) linkCreate() abi.Errno {
	if abi.AttachType(c.attr.u32(linkCreateType)) == abi.AttachStructOps {
		return c.noSuchObject(c.attr.fd(linkFD))
	}
	return c.unfit(c.attr.fd(linkFD))
}

// linkUpdate follows link_update.
func (c *call) linkUpdate() abi.Errno {
	if c.attr.u32(linkUpdateFlags)&^linkReplace != 0 {
		return abi.EINVAL
	}
	return c.noSuchObject(c.attr.fd(linkFD))
}

// tokenCreate follows bpf_token_create: in the first user namespace there are no tokens.
func (c *call) tokenCreate() abi.Errno {
	fd := c.attr.fd(tokenBPFFS)
	if c.attr.u32(tokenFlags) != 0 {
		return abi.EINVAL
	}
	switch errno := c.noSuchObject(fd); {
	case errno == abi.EBADF, c.proc.kind(fd) != BPFFSRoot:
		return errno
	case !c.proc.Caps.BPF:
		return abi.EPERM
	}
	return abi.EOPNOTSUPP
}

// taskFDQuery follows bpf_task_fd_query: no fd is a link or a perf event with a program.
func (c *call) taskFDQuery() abi.Errno {
	switch {
	case !c.proc.Caps.SysAdmin:
		return abi.EPERM
	case c.attr.u32(queryFlags) != 0:
		return abi.EINVAL
	}
	exists, open := c.proc.taskFD(c.attr.u32(queryPID), c.attr.fd(queryFD))
	switch {
	case !exists:
		return abi.ENOENT
	case !open:
		return abi.EBADF
	}
	return abi.ENOTSUPP
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
