//go:build linux

package bpfsys

import "unsafe"

func addressOf(p []byte) uint64 { return uint64(uintptr(unsafe.Pointer(unsafe.SliceData(p)))) }

func pagesAt(p unsafe.Pointer, n int) []byte { return unsafe.Slice((*byte)(p), n) }
