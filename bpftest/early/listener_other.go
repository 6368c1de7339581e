//go:build !(linux && (amd64 || arm64))

package early

// Leave has nothing to do here.
func Leave() {}
