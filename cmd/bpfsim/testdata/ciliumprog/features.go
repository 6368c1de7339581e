package main

import (
	"fmt"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/features"
)

// probes are those that are answered as on Linux: of the kernel as such, not of programs that are to run.
func probes() {
	fmt.Println("features")
	seen("socket filters", features.HaveProgramType(ebpf.SocketFilter))
	seen("large programs", features.HaveLargeInstructions())
	seen("bounded loops", features.HaveBoundedLoops())
	seen("ISA v2", features.HaveV2ISA())
	seen("ISA v3", features.HaveV3ISA())
	seen("ISA v4", features.HaveV4ISA())
	for _, kind := range []ebpf.MapType{ebpf.Hash, ebpf.Array, ebpf.LRUHash, ebpf.LPMTrie, ebpf.ArrayOfMaps, ebpf.Queue} {
		seen(kind.String(), features.HaveMapType(kind))
	}
}
