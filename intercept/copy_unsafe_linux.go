//go:build linux && (amd64 || arm64) && !race

package intercept

import "unsafe"

// copyUnseen copies n bytes.
func copyUnseen(to, from unsafe.Pointer, n int) {
	copy(unsafe.Slice((*byte)(to), n), unsafe.Slice((*byte)(from), n))
}
