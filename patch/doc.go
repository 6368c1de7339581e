// Package patch has the go command build github.com/cilium/ebpf so that its calls can be answered in the process that makes them.
//
// As the program of `go build -toolexec` it stands before each compiler (Exec). Where that compiles a package of cilium/ebpf, it gets
// patched copies of some files (Files): the one function through which every bpf(2) goes, those of internal/unix that ask the kernel about fds,
// and reads of a few files. Lines stay where they are. Each patched package has a variable bpfsimHook2, of functions that the simulator's own
// package sets: it declares the same variable by //go:linkname, and the linker takes the one with a value. In a program that has no simulator
// patched calls end with ENOSYS: nothing reaches the kernel by accident.
//
// A cilium/ebpf of a shape that is not known fails the build. The number in the variable's name stands for its fields: a simulator of
// another version finds nothing, and says so.
package patch
