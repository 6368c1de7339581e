package main

import (
	"fmt"
	"net/netip"
)

// Flow is a map key: who sends to whom, addresses as IPv4 bytes in network order (8 bytes).
type Flow struct {
	Source, Destination [4]byte
}

func (f Flow) String() string {
	return fmt.Sprintf("%s -> %s", netip.AddrFrom4(f.Source), netip.AddrFrom4(f.Destination))
}

// Traffic is a map value: what a flow sent since it was last read (16 bytes, host order).
type Traffic struct {
	Packets, Bytes uint64
}
