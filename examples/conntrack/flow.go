package conntrack

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/cilium/ebpf"
)

// Flow is a connection: the key of the tables, as the programs have it.
type Flow struct {
	Source, Destination         [4]byte
	SourcePort, DestinationPort uint16 // in the host's byte order
	Protocol                    uint8
	_                           [3]byte
}

func (f Flow) String() string {
	from := netip.AddrPortFrom(netip.AddrFrom4(f.Source), f.SourcePort)
	to := netip.AddrPortFrom(netip.AddrFrom4(f.Destination), f.DestinationPort)
	return fmt.Sprintf("%v->%v", from, to)
}

// Entry is when a connection was last seen, in nanoseconds of the agent's clock. The programs write it with each packet.
type Entry struct{ LastSeen uint64 }

// flowSize and entrySize are bytes of a key and a value.
const (
	flowSize  = 16
	entrySize = 8
)

func tableSpec(name string, most uint32) *ebpf.MapSpec {
	return &ebpf.MapSpec{Name: name, Type: ebpf.Hash, KeySize: flowSize, ValueSize: entrySize, MaxEntries: most}
}

// Clock is the time that entries have; on Linux bpf_ktime_get_ns is CLOCK_MONOTONIC.
type Clock func() time.Duration
