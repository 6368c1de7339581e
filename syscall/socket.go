package bpfsys

import (
	"encoding/binary"
	"math"
	"sync"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
)

// Numbers of socket(2), and IPPROTO_TCP and IPPROTO_UDP.
const (
	familyUnix  = 1
	familyInet  = 2
	familyInet6 = 10
	familyVsock = 40
	familyXDP   = 44

	stream    = 1
	datagram  = 2
	seqPacket = 5

	protocolTCP = 6
	protocolUDP = 17
)

// sockets are the sockets that maps hold, by cookie.
type sockets struct {
	mu   sync.Mutex
	held map[uint64]*heldSocket
}

// heldSocket is a socket that maps hold. It has one place for who uses it (sk_user_data): maps of sockets share it, an array of a
// reuseport group has it alone.
type heldSocket struct {
	all    *sockets
	cookie uint64
	closed func() bool
	links  int  // from SOCKMAP and SOCKHASH
	group  bool // in a REUSEPORT_SOCKARRAY
	other  int  // from XSKMAP
}

// get finds or makes the socket that maps hold.
func (all *sockets) get(s Socket) *heldSocket {
	all.mu.Lock()
	defer all.mu.Unlock()
	if held := all.held[s.Cookie]; held != nil {
		return held
	}
	return &heldSocket{all: all, cookie: s.Cookie, closed: s.Closed}
}

// Show writes the cookie.
func (s *heldSocket) Show(value []byte) { binary.NativeEndian.PutUint64(value, s.cookie) }

// Gone reports whether the socket is closed.
func (s *heldSocket) Gone() bool { return s.closed != nil && s.closed() }

// Attach answers EBUSY where somebody else uses the socket.
func (s *heldSocket) Attach(in abi.MapType) abi.Errno {
	s.all.mu.Lock()
	defer s.all.mu.Unlock()
	switch {
	case in == abi.XSKMap:
		s.other++
	case s.group, in == abi.ReusePortSockArray && s.links > 0:
		return abi.EBUSY
	case in == abi.ReusePortSockArray:
		s.group = true
	default:
		s.links++
	}
	if s.all.held == nil {
		s.all.held = map[uint64]*heldSocket{}
	}
	s.all.held[s.cookie] = s
	return abi.OK
}

// Detach forgets a socket that no map holds.
func (s *heldSocket) Detach(in abi.MapType) {
	s.all.mu.Lock()
	defer s.all.mu.Unlock()
	switch in {
	case abi.XSKMap:
		s.other--
	case abi.ReusePortSockArray:
		s.group = false
	default:
		s.links--
	}
	if s.links+s.other == 0 && !s.group {
		delete(s.all.held, s.cookie)
	}
}

// socketIn is the socket whose fd is a value, of 4 bytes or 8.
func (c *finder) socketIn(value []byte) (Socket, abi.Errno) {
	if len(value) == 8 && binary.NativeEndian.Uint64(value) > math.MaxInt32 {
		return Socket{}, abi.EINVAL
	}
	return c.proc.host().Socket(int32(binary.NativeEndian.Uint32(value)))
}

// findSocket finds a socket for SOCKMAP and SOCKHASH (sock_map_sk_is_suitable and sock_map_sk_state_allowed in sock_map.c).
func (c *finder) findSocket(value []byte) (maps.Referent, abi.Errno) {
	if len(value) == 4 && binary.NativeEndian.Uint32(value) > math.MaxInt32 {
		return nil, abi.EINVAL
	}
	s, errno := c.socketIn(value)
	switch {
	case errno != abi.OK:
		return nil, errno
	case !s.redirects():
		return nil, abi.EOPNOTSUPP
	}
	return c.kernel.sockets.get(s), abi.OK
}

// redirects tells whether data can be sent on to the socket.
func (s Socket) redirects() bool {
	inet := s.Family == familyInet || s.Family == familyInet6
	switch {
	case inet && s.Type == stream && s.Protocol == protocolTCP:
		return s.State == Listening || s.State == Established
	case inet && s.Type == datagram && s.Protocol == protocolUDP:
		return s.State != Unbound
	case s.Family == familyUnix && s.Type == datagram:
		return true
	case s.Family == familyUnix && s.Type == stream, s.Family == familyVsock && s.Type != datagram:
		return s.State == Established
	}
	return false
}

// findXSK finds an AF_XDP socket.
func (c *finder) findXSK(value []byte) (maps.Referent, abi.Errno) {
	s, errno := c.socketIn(value)
	switch {
	case errno != abi.OK:
		return nil, errno
	case s.Family != familyXDP:
		return nil, abi.EOPNOTSUPP
	}
	return c.kernel.sockets.get(s), abi.OK
}

// findReusePort finds any socket: what is in the slot is looked at before its kind.
func (c *finder) findReusePort(value []byte) (maps.Referent, abi.Errno) {
	s, errno := c.socketIn(value)
	if errno != abi.OK {
		return nil, errno
	}
	if unfit := s.groups(); unfit != abi.OK {
		return unfitSocket(unfit), abi.OK
	}
	return c.kernel.sockets.get(s), abi.OK
}

// unfitSocket is a socket that objects to every map.
type unfitSocket abi.Errno

func (unfitSocket) Show([]byte)                    {}
func (unfitSocket) Gone() bool                     { return false }
func (s unfitSocket) Attach(abi.MapType) abi.Errno { return abi.Errno(s) }
func (unfitSocket) Detach(abi.MapType)             {}

// groups tells whether the socket can be one of a reuseport group (reuseport_array_update_check in reuseport_array.c).
func (s Socket) groups() abi.Errno {
	switch {
	case s.Family != familyInet && s.Family != familyInet6,
		(s.Type != stream || s.Protocol != protocolTCP) && (s.Type != datagram || s.Protocol != protocolUDP):
		return abi.ENOTSUPP
	case !s.Reuse, s.Type == stream && s.State != Listening, s.Type == datagram && s.State != Bound:
		return abi.EINVAL
	}
	return abi.OK
}
