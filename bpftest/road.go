package bpftest

import (
	"fmt"
	"os"
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

// freeToChoose tells that this process is the first of a run of tests, and may take another road than it was built for.
func freeToChoose() bool {
	return !isPatched() && os.Getenv(roadName) == "" && os.Getenv(socketName) == "" && !underRun()
}

// underRun tells that bpfsim run answers, which has the kernel to itself.
func underRun() bool { return os.Getenv(bpffsName) != "" && os.Getenv(ownName) == "" }

// noteRoad reads what chose the road once more, now that tests run: only what they read of the environment tells results in go test's cache apart.
func noteRoad() {
	for _, name := range []string{roadName, unavailableName} {
		_ = os.Getenv(name)
	}
}
