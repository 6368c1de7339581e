//go:build !linux

package bpftest

func sweep() {}
