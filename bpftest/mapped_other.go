//go:build !linux

package bpftest

func collectMapped() (release func(), mapped bool) { return nil, false }

func (f memoryFile) onlyMapped(bool) bool { return false }
