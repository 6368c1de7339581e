package initial

import (
	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/features"
	"github.com/cilium/ebpf/rlimit"
)

// Seen is made before main, as are the answers.
var (
	Seen, SeenErr = newSeen("seen")
	HasRings      error
	Memlock       error
	background    error
	inBackground  = make(chan struct{}) // until it is known
)

func init() {
	Memlock = rlimit.RemoveMemlock()
	HasRings = features.HaveMapType(ebpf.RingBuf)
	go func() {
		defer close(inBackground)
		var m *ebpf.Map
		if m, background = newSeen("background"); background == nil {
			m.Close()
		}
	}()
}

func newSeen(name string) (*ebpf.Map, error) {
	return ebpf.NewMap(&ebpf.MapSpec{Name: name, Type: ebpf.Hash, KeySize: 4, ValueSize: 8, MaxEntries: 8})
}
