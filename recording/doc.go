// Package recording writes down what programs asked of bpf(2), one line a call, with all that it takes to ask it again elsewhere: the bytes that a
// call read and wrote, its result, and what the simulated kernel was told of the caller's fds, paths and machine meanwhile. A call is a step of
// package proptest/program. What a recording cannot see, it learns from what the next call finds: which fd is of what, and what is gone.
//
// [Writer] and [Recorder] make a file, [Reader] reads one. Package recording/replay makes the calls again, makes recordings small, and takes what is
// personal out of them.
package recording
