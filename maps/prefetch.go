//go:build amd64 || arm64

package maps

// prefetch has the cache lines of memory fetched while the processor goes on: it waits for none, and none of them has to
// be there for anything else to be done. Go has no function for it, hence the few lines of assembly.
//
//go:noescape
func prefetch(memory []byte)
