package bpftest

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

// road is a way from a call of the tests' to the simulated kernel.
type road string

const (
	// patchedRoad: the client library was patched as it was built, and hands its calls over (package patch).
	patchedRoad road = "patched"
	// notifiedRoad: a seccomp filter hands them to another process (package intercept).
	notifiedRoad road = "notified"
	// hostRoad: the host's kernel answers them, since somebody has asked for it. bpftest/early knows the word, too.
	hostRoad road = "host"
)

const (
	roadName = "BPFSIM_ROAD" // fixes the road
	// ownName is in the environment of what tests on the patched road start, which has the directory of their bpffs too.
	ownName = "BPFSIM_TEST_PATCHED"
	// childName is in the environment of what tests on the notified road start.
	childName = "BPFSIM_TEST_NOTIFIED"
)

// chooseRoad takes the shorter road where it is there.
func chooseRoad() (road, error) {
	switch wanted := road(os.Getenv(roadName)); {
	case wanted == patchedRoad && !isPatched():
		return "", fmt.Errorf("%s=%s, and this test was built without the patch: run bpfsim test, or go test after eval \"$(bpfsim env)\"; "+
			"both patch what the tests import of github.com/cilium/ebpf, and this package may import nothing of it", roadName, patchedRoad)
	case wanted == patchedRoad:
		return patchedRoad, nil
	case wanted == notifiedRoad || wanted == hostRoad:
		return wanted, nil
	case wanted != "":
		return "", fmt.Errorf("%s=%s: want %s or %s, or %s for the host's kernel", roadName, wanted, patchedRoad, notifiedRoad, hostRoad)
	case isPatched() && os.Getenv(socketName) == "" && !underRun():
		return patchedRoad, nil
	}
	return notifiedRoad, nil
}

// mountPoint is where clients look for the bpffs.
const mountPoint = "/sys/fs/bpf"

// freeToChoose tells that this process is the first of a run of tests, and may take another road than it was built for.
func freeToChoose() bool {
	return !isPatched() && os.Getenv(roadName) == "" && os.Getenv(socketName) == "" && !underRun()
}

// underRun tells that bpfsim run answers, which has the kernel to itself.
func underRun() bool { return os.Getenv(bpffsName) != "" && os.Getenv(ownName) == "" }

// isFuzzing tells that these are the arguments of go test -fuzz. It runs the function in processes that the tests start, and to which the notified road
// gives no kernel of their own.
func isFuzzing(args []string) bool {
	return slices.ContainsFunc(args, func(a string) bool { return strings.HasPrefix(a, "-test.fuzz=") && a != "-test.fuzz=" })
}

// noKernel is why a process of tests has none, and the way out.
func noKernel() string {
	switch {
	case slices.Contains(os.Args, "-test.fuzzworker"):
		return "go test -fuzz runs the function in processes of its own, to which the notified road gives none: run bpfsim test -fuzz, or go test -fuzz " +
			"without " + roadName + " and bpfsim run"
	case os.Getenv(childName) != "":
		return "calls of a program that a test starts, such as the test binary itself, go to the test's kernel: call Kernel in the test that starts it, " +
			"or run bpfsim test, where each process has its own"
	}
	return "call bpftest.Main in TestMain, and run go test without bpfsim run and " + roadName + "=" + string(hostRoad)
}

// adviceOnPins is the way out where nothing could be put over the place where clients look for a bpffs.
func adviceOnPins(dir string) string {
	if dir == mountPoint {
		return ""
	}
	return fmt.Sprintf("bpftest: tests that pin below %s fail here: run bpfsim test, or pass bpftest.Patched() to Main, which lead them to a directory of their own; "+
		"or have them pin below $%s\n", mountPoint, bpffsName)
}

// noteRoad reads what chose the road once more, now that tests run: only what they read of the environment tells results in go test's cache apart.
func noteRoad() {
	for _, name := range []string{roadName, unavailableName, recordName} {
		_ = os.Getenv(name)
	}
}
