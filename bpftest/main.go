package bpftest

import (
	"fmt"
	"os"

	"github.com/bpfsim/bpfsim/bpftest/early"
)

// Names in the environment.
const (
	socketName = "BPFSIM_TEST_SOCKET" // of the tests: the fds that lead to whoever plays the kernel
	bpffsName  = "BPFSIM_BPFFS"       // of any program whose calls bpfsim answers
	// unavailableName says what to do where no kernel can be simulated: "skip" ends with success.
	unavailableName = "BPFSIM_UNAVAILABLE"
	linuxName       = "BPFSIM_LINUX" // the series of the kernels of tests that do not name one
)

// Option is a setting of Main's.
type Option func(*settings)

type settings struct {
	cpus    int
	btf     string
	patched bool
}

// CPUs sets the number of possible CPUs that tests find, 1 to 8192. Without it the host's number is taken.
func CPUs(n int) Option { return func(s *settings) { s.cpus = n } }

// BTF gives tests the types of a kernel (LSM, fentry, iterators and STRUCT_OPS need them) by the name of a file of raw BTF, which they also
// read as /sys/kernel/btf/vmlinux. Without it they have the host's where these can be read.
func BTF(file string) Option { return func(s *settings) { s.btf = file } }

// Patched has plain go test do what bpfsim test does: Main builds the tests once more, with a patched client (package patch), and runs those, so that calls
// do not leave the process, as Explore needs it. The first time that takes a minute or so, since the standard library is built anew; then a
// second or two. The go command, race detector, build tags and coverage are those of the tests; where building fails, Main says why and goes on without the
// patch.
func Patched() Option { return func(s *settings) { s.patched = true } }

// Tests are what TestMain is given, a *testing.M, or what has it as a field and does more in Run: before the tests, or behind them, as leak checkers do. Calls that
// Run makes are answered.
//
//	type checked struct{ *testing.M }
//
//	func (c checked) Run() int { return max(c.M.Run(), leaked()) }
//
//	func TestMain(m *testing.M) { bpftest.Main(checked{m}) }
type Tests interface{ Run() int }

// Main runs the tests of a package on a simulated kernel and ends the process with their status. It is all that TestMain needs. Calls that
// packages make as they are initialised, before Main, are answered by a kernel that is there before all tests, whose objects stay usable by their fds. Behind a filter that
// is so in the second process; in the first they get ENOSYS (package early).
//
// BPFSIM_ROAD=host has the host's kernel answer instead: Main only runs the tests then.
//
// Where no filter can be installed, and for go test -fuzz, which starts processes, it does what Patched asks for. Where that fails, too, no kernel can be simulated: it ends with status 1
// and says why on standard error, or with 0 if the environment has BPFSIM_UNAVAILABLE=skip.
func Main(m Tests, options ...Option) {
	runTool(os.Args)
	early.Leave()
	var s settings
	for _, o := range options {
		o(&s)
	}
	first := freeToChoose()
	switch chosen, err := chooseRoad(); {
	case err != nil:
		os.Exit(unavailable(err))
	case chosen == patchedRoad:
		os.Exit(runPatched(m, s))
	case chosen == hostRoad:
		os.Exit(m.Run())
	case first && (s.patched || isFuzzing(os.Args)):
		status, err := runRebuilt()
		if err == nil {
			os.Exit(status)
		}
		fmt.Fprintf(os.Stderr, "bpftest: without a patched client, since it cannot be built: %v\n", err)
		first = false
	}
	passOn()
	if text := os.Getenv(socketName); text != "" {
		os.Exit(runTests(m, text))
	}
	if underRun() {
		os.Exit(m.Run())
	}
	status, err := simulate(s)
	if err != nil && first {
		status, err = fallBack(err)
	}
	if err != nil {
		os.Exit(unavailable(err))
	}
	os.Exit(status)
}

// fallBack takes the patched road where the notified one is closed.
func fallBack(closed error) (status int, err error) {
	fmt.Fprintf(os.Stderr, "bpftest: %v: taking the road that needs no filter\n", closed)
	os.Unsetenv(socketName)
	if status, err = runRebuilt(); err != nil {
		return 0, fmt.Errorf("%w; and a patched client cannot be built: %w", closed, err)
	}
	return status, nil
}

// runTests is Main in the process whose calls are answered.
func runTests(m Tests, socket string) int {
	os.Unsetenv(socketName)
	os.Setenv(childName, "1")
	if err := connect(socket); err != nil {
		return unavailable(fmt.Errorf("reach the simulated kernel: %w", err))
	}
	fmt.Fprint(os.Stderr, adviceOnPins(os.Getenv(bpffsName)))
	return m.Run()
}

func unavailable(err error) int {
	skip := os.Getenv(unavailableName) == "skip"
	fmt.Fprintf(os.Stderr, "bpftest: no kernel can be simulated here: %v\n", err)
	if skip {
		fmt.Fprintf(os.Stderr, "bpftest: tests skipped: %s=skip\n", unavailableName)
		return 0
	}
	fmt.Fprintf(os.Stderr, "bpftest: bpfsim doctor says what works here and what is missing; %s=skip skips these tests instead\n", unavailableName)
	return 1
}
