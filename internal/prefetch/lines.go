//go:build amd64 || arm64

package prefetch

// Lines has the cache lines of memory fetched while the processor goes on: it waits for none, and none of them has to
// be there for anything else to be done.
//
//go:noescape
func Lines(memory []byte)
