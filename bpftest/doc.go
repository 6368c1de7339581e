// Package bpftest lets the tests of a program that uses BPF run on a simulated kernel, with plain `go test`, as an ordinary user:
//
//	func TestMain(m *testing.M) { bpftest.Main(m) }
//
// From then on every bpf(2) call of the tests, and of what they start, is answered by bpfsim. Kernel gives a test a kernel of its own, the
// agent under test is unmodified, and the test does the rest of the world:
//
//   - Map finds a map by its name, and does what BPF programs do with it: helpers on a CPU, records of ring and perf buffers, records that are lost.
//   - StandIn has a Go function stand for a program, which is loaded but never runs itself. Prog and At fire it, as the event would that it is
//     attached to; BPF_PROG_TEST_RUN runs the same function.
//   - Fail lets calls fail: the third, a tenth of them, a batch half way, or late.
//   - Trace shows the calls, as text and as a timeline.
//   - At its end a test fails for maps, programs, links, BTF and pins that are left, with the line that made them.
//   - Explore runs a test under many orders of its calls.
//
// Explore runs a test's body in many orders of its calls, of what programs do and of timers, and tells of one that fails as a story.
//
// There are two roads. Tests that bpfsim test has built, or Main by itself (Patched), hand their calls over inside of their process (package patch). Otherwise
// Main starts the test binary once more, under a seccomp filter whose other end it holds itself (package intercept), which
// needs Linux 5.19 on amd64 or arm64 and is not for debuggers that do not follow a child process. Where neither is open tests fail and say
// so, and never reach the host's kernel.
package bpftest
