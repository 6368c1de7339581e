//go:build !(linux && (amd64 || arm64))

package bpftest

import (
	"fmt"
	"runtime"
)

func isPatched() bool { return false }

func passOn() {}

func runPatched(m Tests, _ settings) int { return m.Run() }

func runTool([]string) {}

func runRebuilt() (int, error) {
	return 0, fmt.Errorf("bpf(2) cannot be answered in this process on %s/%s", runtime.GOOS, runtime.GOARCH)
}
