package abi

import "strconv"

// SocketOption is an option of setsockopt(2) at the level SOL_SOCKET.
type SocketOption int32

// The options that have to do with programs (asm-generic/socket.h), on every architecture that is simulated.
const (
	SocketDetachFilter        SocketOption = 27
	SocketAttachBPF           SocketOption = 50
	SocketAttachReuseportEBPF SocketOption = 52
	SocketDetachReuseportBPF  SocketOption = 68
)

// SocketOptions are all of them.
var SocketOptions = []SocketOption{SocketDetachFilter, SocketAttachBPF, SocketAttachReuseportEBPF, SocketDetachReuseportBPF}

var socketOptionNames = map[SocketOption]string{
	SocketDetachFilter: "SO_DETACH_FILTER", SocketAttachBPF: "SO_ATTACH_BPF",
	SocketAttachReuseportEBPF: "SO_ATTACH_REUSEPORT_EBPF", SocketDetachReuseportBPF: "SO_DETACH_REUSEPORT_BPF",
}

// String is the C name, or the number where there is none here.
func (o SocketOption) String() string {
	if name, ok := socketOptionNames[o]; ok {
		return name
	}
	return strconv.Itoa(int(o))
}
