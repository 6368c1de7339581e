//go:build !(linux && (amd64 || arm64))

package bpftest

import (
	"fmt"
	"runtime"
)

func simulate(settings) (int, error) { return 0, connect("") }

func connect(string) error {
	return fmt.Errorf("bpf(2) cannot be answered on %s/%s: it needs Linux on amd64 or arm64", runtime.GOOS, runtime.GOARCH)
}
