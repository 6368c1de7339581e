package intercept

import (
	"crypto/rand"
	"os"
)

// environ is the command's environment: ours, and where the bpffs is.
//
// `go test` takes a cached result when a test binary would see the same as before, which it cannot say of the kernel
// that answers. Since Go 1.23 it compares GODEBUG, whether the test asks for it or not; builds do not, and the runtime
// passes over settings that it does not know. A setting that no other run has keeps the results of the host, and of
// other simulated kernels, away from this run's, and leaves none behind. GOFLAGS=-count=1 would hide what `go env -w`
// wrote, and be lost in every script that sets GOFLAGS.
func environ(bpffs string) []string {
	debug := "bpfsim=" + rand.Text()
	if users := os.Getenv("GODEBUG"); users != "" {
		debug = users + "," + debug
	}
	return append(os.Environ(), "BPFSIM_BPFFS="+bpffs, "GODEBUG="+debug)
}
