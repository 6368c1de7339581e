package bpftest

import (
	"context"
	"runtime/pprof"
	"unsafe"
)

// label is what a goroutine hands on to those that it starts: its profiler labels (runtime/pprof). Only its address counts; whoever has it
// keeps it from being another's.
type label struct{ _ byte }

// profilerLabels are the calling goroutine's. The runtime keeps the name for packages that need it (go.dev/issue/67401).
//
//go:linkname profilerLabels runtime/pprof.runtime_getProfLabel
func profilerLabels() unsafe.Pointer

func goroutineLabel() *label { return (*label)(profilerLabels()) }

// labelGoroutine gives the calling goroutine, and those that it starts from now on, a label of their own.
func labelGoroutine(test string) *label {
	pprof.SetGoroutineLabels(pprof.WithLabels(context.Background(), pprof.Labels("bpftest", test)))
	return goroutineLabel()
}
