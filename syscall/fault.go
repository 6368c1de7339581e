package bpfsys

import (
	"bytes"
	"encoding/binary"
	"time"

	"github.com/bpfsim/bpfsim/abi"
)

// Attempt is a call that is about to be carried out, as Options.Fault sees it.
type Attempt struct {
	Cmd abi.Cmd
	// Name is that of the object that the call is about: of the map, program or link behind its first fd, or of the map or
	// program that it makes. "" when there is none.
	Name string
	CPU  int
}

// Fault is what happens to a call besides, or instead of, what it asks for. The zero value is nothing.
type Fault struct {
	// Errno is the call's result. abi.OK leaves the result alone.
	Errno abi.Errno
	// After is how many elements a batch handles before it fails with Errno, as when a signal or a full map ends it half way; other
	// commands fail before they do anything.
	After uint32
	// Delay passes before the call begins.
	Delay time.Duration
}

// attempt describes the call.
func (c *call) attempt(cmd abi.Cmd) Attempt {
	a := Attempt{Cmd: cmd, CPU: c.task.CPU}
	for _, f := range abi.Fields(cmd) {
		switch {
		case f.End() > len(c.attr):
			return a
		case f.Kind == abi.Name:
			name, _, _ := bytes.Cut(c.attr[f.Offset:f.End()], []byte{0})
			a.Name = string(name)
			return a
		case f.Kind == abi.FD && !making(cmd):
			a.Name = c.nameOf(c.attr.fd(f.Offset))
			return a
		}
	}
	return a
}

// making tells the commands whose fds belong to what they make, not the other way round.
func making(cmd abi.Cmd) bool { return cmd == abi.MapCreate || cmd == abi.ProgLoad }

// nameOf is the name of the object behind a fd.
func (c *call) nameOf(fd int32) string {
	file, _ := c.proc.Files.Get(fd)
	if file == nil {
		return ""
	}
	if o, ok := file.Object().(interface{ Name() string }); ok {
		return o.Name()
	}
	return ""
}

// runFaulty is run of a kernel with faults.
func (c *call) runFaulty(cmd abi.Cmd) (int32, abi.Errno) {
	f := c.kernel.options.Fault(c.attempt(cmd))
	c.injected = f
	if f.Delay > 0 {
		time.Sleep(f.Delay)
	}
	if f.Errno == abi.OK {
		return c.run(cmd)
	}
	if f.After > 0 && c.cutBatch(cmd, f.After) {
		if _, errno := c.run(cmd); errno != abi.OK {
			return 0, errno
		}
	}
	return 0, f.Errno
}

// cutBatch lets a batch handle most elements at most; false for commands that are no batches.
func (c *call) cutBatch(cmd abi.Cmd, most uint32) bool {
	switch cmd {
	case abi.MapLookupBatch, abi.MapLookupAndDeleteBatch, abi.MapUpdateBatch, abi.MapDeleteBatch:
	default:
		return false
	}
	if c.attr.u32(abi.BatchCount) > most {
		c.attr = bytes.Clone(c.attr)
		binary.LittleEndian.PutUint32(c.attr[abi.BatchCount:], most)
	}
	return true
}
