package kernelprogs_test

import (
	"sync/atomic"
	"unsafe"
)

// bytesOf is the same memory, byte by byte.
func bytesOf(words []atomic.Uint64) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), 8*len(words))
}
