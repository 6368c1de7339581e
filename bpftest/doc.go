// Package bpftest lets the tests of a program that uses BPF run on a simulated kernel, with plain `go test`, as an ordinary user:
//
//	func TestMain(m *testing.M) { bpftest.Main(m) }
//
// From then on every bpf(2) call of the tests, and of what they start, is answered by bpfsim. Kernel gives a test a kernel of its
// own and plays the part that BPF programs would have in it: they are loaded, but never run. It reaches maps by name, lets calls
// fail, and at the end complains of what was left open.
//
// Explore runs a test's body in many orders of its calls, of what programs do and of timers, and tells of one that fails as a story.
//
// There are two roads. Tests that bpfsim test has built, or Main by itself (Patched), hand their calls over inside of their process (package patch). Otherwise
// Main starts the test binary once more, under a seccomp filter whose other end it holds itself (package intercept), which
// needs Linux 5.19 on amd64 or arm64 and is not for debuggers that do not follow a child process. Where neither is open tests fail and say
// so, and never reach the host's kernel.
package bpftest
