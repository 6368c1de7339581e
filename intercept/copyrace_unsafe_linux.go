//go:build linux && (amd64 || arm64) && race

package intercept

import "unsafe"

// copyUnseen copies n bytes where the race detector does not look: copy tells it, whoever calls.
//
//go:norace
//go:nocheckptr
func copyUnseen(to, from unsafe.Pointer, n int) {
	const word = 8
	at := 0
	for ; at+word <= n; at += word {
		*(*uint64)(unsafe.Add(to, at)) = *(*uint64)(unsafe.Add(from, at))
	}
	for ; at < n; at++ {
		*(*byte)(unsafe.Add(to, at)) = *(*byte)(unsafe.Add(from, at))
	}
}
