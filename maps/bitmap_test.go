package maps

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestBitmapNext(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := uint32(1) << rapid.IntRange(0, 20).Draw(t, "log size")
		set := newBitmap(size)
		held := map[uint32]bool{}
		for _, b := range rapid.SliceOfN(rapid.Uint32Range(0, size-1), 0, 40).Draw(t, "toggle") {
			if held[b] {
				set.remove(b)
				delete(held, b)
			} else {
				set.add(b)
				held[b] = true
			}
		}
		from := rapid.Uint32Range(0, size).Draw(t, "from")
		want := size
		for b := range held {
			if b >= from {
				want = min(want, b)
			}
		}
		require.Equal(t, want, set.next(from))
	})
}
