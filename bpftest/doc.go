// Package bpftest lets the tests of a program that uses BPF run on a simulated kernel, with plain `go test`, as an ordinary user:
//
//	func TestMain(m *testing.M) { bpftest.Main(m) }
//
// From then on every bpf(2) call of the tests is answered by bpfsim. Kernel gives a test a kernel of its own, the
// agent under test is unmodified, and the test does the rest of the world:
//
//   - Map finds a map by its name, and does what BPF programs do with it: helpers on a CPU, records of ring and perf buffers, records that are lost.
//   - Var finds a global variable of a program by its name.
//   - StandIn has a Go function stand for a program, which is loaded but never runs itself. Prog and At fire it, as the event would that it is
//     attached to; BPF_PROG_TEST_RUN runs the same function.
//   - Fail lets calls fail: the third, a tenth of them, a batch half way, or late.
//   - Trace shows the calls, as text and as a timeline.
//   - At its end a test fails for maps, programs, links, BTF and pins that are left, with the line that made them.
//
// Explore runs a test's body in many orders of its calls, of what programs do and of timers, and tells of one that fails as a story.
//
// Calls take one of two roads, which Main finds out and BPFSIM_ROAD fixes. Tests that bpfsim test has built, or Main by itself (Patched), have a
// github.com/cilium/ebpf that hands its calls over in the tests' own process (package patch): that needs no right to
// anything, costs a fraction of a microsecond a call, and suits debuggers. Otherwise Main starts the test binary once more, under a
// seccomp filter whose other end it holds itself (package intercept): this serves what the tests start and every library, and needs
// Linux 5.19 and a machine that allows filters. Where neither is open tests fail and say so, and on no road do they reach the host's
// kernel. Both are for Linux on amd64 and arm64.
package bpftest
