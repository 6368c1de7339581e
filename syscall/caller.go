package bpfsys

import (
	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
)

// Caller is a thread of a process in an arena, for tests and examples: it lays out arguments and calls.
type Caller struct {
	Kernel  *Kernel
	Task    *maps.Task
	Process *Process
	Arena   *Arena
	attr    uint64
}

// NewCaller starts a privileged process on k with an arena, an fd table and a file system of its own. It runs on CPU 0.
func NewCaller(k *Kernel) *Caller { return NewCallerIn(k, NewFDTable(), NewFileTree()) }

// NewCallerIn is NewCaller with an fd table and a file system that others may use too.
func NewCallerIn(k *Kernel, files *FDTable, fs *FileTree) *Caller {
	arena := NewArena()
	process := &Process{Mem: arena, Files: files, FS: fs, Caps: Root}
	return &Caller{Kernel: k, Task: &maps.Task{}, Process: process, Arena: arena, attr: arena.Alloc(abi.AttrSize)}
}

// Do makes the system call that args describe, with an attr of the full size. Results that the kernel writes into the
// attr, such as the count of a batch, are read with Attr and the Decode of the arguments.
func (c *Caller) Do(args Args) (int32, abi.Errno) {
	attr := args.Encode()
	c.Arena.Write(c.attr, attr[:])
	return c.Kernel.Bpf(c.Task, c.Process, uint32(args.Cmd()), c.attr, abi.AttrSize)
}

// Attr is the attr as the last Do left it.
func (c *Caller) Attr() *Attr {
	a := Attr(c.Arena.Bytes(c.attr, abi.AttrSize))
	return &a
}
