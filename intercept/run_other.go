//go:build !linux || !(amd64 || arm64)

package intercept

import (
	"context"
	"errors"
	"runtime"
)

// Run reports that interception rests on seccomp_unotify(2), whose numbers this package knows for two architectures.
func Run(context.Context, Options) (int, error) {
	return ExitFailed, errors.New("intercepting bpf(2) needs Linux on amd64 or arm64, this is " + runtime.GOOS + " on " +
		runtime.GOARCH)
}
