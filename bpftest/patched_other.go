//go:build !(linux && (amd64 || arm64))

package bpftest

import "testing"

func isPatched() bool { return false }

func passOn() {}

func runPatched(m *testing.M, _ settings) int { return m.Run() }
