package bpfsys

import (
	"encoding/binary"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
)

// NetlinkAnswer is what a message of a process to rtnetlink(7) leads to.
type NetlinkAnswer struct {
	Replies [][]byte // one datagram each
	// Host means that the host is to answer as well, behind Replies.
	Host bool
}

// NetlinkSocket is a socket of a process's.
type NetlinkSocket struct {
	Port   uint32 // its address
	Capped bool   // errors do not repeat the request (NETLINK_CAP_ACK)
	Texts  bool   // and say in words what is wrong (NETLINK_EXT_ACK)
}

// Netlink answers a datagram that a process sends to rtnetlink(7), by which programs are attached to XDP and to tc. All else is
// the host's to answer.
func (k *Kernel) Netlink(t *maps.Task, p *Process, from NetlinkSocket, datagram []byte) NetlinkAnswer {
	r, whole := parseNetlink(datagram)
	c := k.begin(t, p)
	defer c.end()
	if !whole || !r.isOurs() {
		return NetlinkAnswer{Host: true}
	}
	r.call, r.from = c, from
	if len(r.body) >= abi.TCMessage {
		r.parent = r.tc().parent
	}
	return r.answer()
}

// netlinkRequest is a message of one.
type netlinkRequest struct {
	*call
	kind    abi.NetlinkType
	flags   uint16
	seq     uint32
	port    uint32 // as the sender says
	from    NetlinkSocket
	body    []byte // the fixed part and the attributes
	replies [][]byte
	parent  uint32 // as messages with filters name it
	text    string // what is wrong, "" where nothing is said about it
}

// parseNetlink reads the only message of a datagram.
func parseNetlink(b []byte) (r netlinkRequest, whole bool) {
	if len(b) < abi.NetlinkHeader {
		return r, false
	}
	le := binary.NativeEndian
	size := le.Uint32(b)
	if size < abi.NetlinkHeader || size > uint32(len(b)) || uint32(len(b)) >= align4(size)+abi.NetlinkHeader {
		return r, false
	}
	r.kind, r.flags = abi.NetlinkType(le.Uint16(b[4:])), le.Uint16(b[6:])
	r.seq, r.port, r.body = le.Uint32(b[8:]), le.Uint32(b[12:]), b[abi.NetlinkHeader:size]
	return r, r.flags&abi.NetlinkRequest != 0
}

func align4[T ~int | ~uint32](n T) T { return (n + 3) &^ 3 }

// isOurs tells requests that are about programs, or about what they are attached to.
func (r *netlinkRequest) isOurs() bool {
	switch r.kind {
	case abi.NewLink, abi.SetLink:
		return len(r.body) >= abi.LinkMessage && attrsOf(r.body[abi.LinkMessage:]).find(abi.LinkXDPAttr) != nil
	case abi.NewQdisc, abi.DelQdisc:
		return len(r.body) >= abi.TCMessage && r.tc().parent == abi.ClsactParent
	case abi.GetQdisc:
		return len(r.body) >= abi.TCMessage && r.flags&abi.NetlinkDump == abi.NetlinkDump
	case abi.NewTFilter, abi.DelTFilter, abi.GetTFilter:
		return len(r.body) >= abi.TCMessage && (r.tc().parent == abi.ClsactIngress || r.tc().parent == abi.ClsactEgress)
	}
	return false
}

func (r *netlinkRequest) answer() NetlinkAnswer {
	var errno abi.Errno
	switch dump := r.flags&abi.NetlinkDump == abi.NetlinkDump; {
	case r.kind == abi.GetQdisc:
		r.dumpQdiscs()
		return NetlinkAnswer{Replies: r.replies, Host: true}
	case r.kind == abi.GetTFilter && dump:
		r.dumpFilters()
		return NetlinkAnswer{Replies: r.replies}
	case r.kind == abi.GetTFilter:
		errno = r.getFilter()
	case !r.proc.Caps.SysAdmin: // CAP_NET_ADMIN, which it holds
		errno = abi.EPERM
	default:
		errno = r.change()
	}
	if errno != abi.OK || r.flags&abi.NetlinkAck != 0 {
		r.end(errno)
	}
	return NetlinkAnswer{Replies: r.replies}
}

// change carries out what changes something. One message does not delete many things here (NLM_F_BULK).
func (r *netlinkRequest) change() abi.Errno {
	if (r.kind == abi.DelQdisc || r.kind == abi.DelTFilter) && r.flags&abi.NetlinkExcl != 0 {
		return abi.EOPNOTSUPP
	}
	switch r.kind {
	case abi.NewQdisc:
		return r.newQdisc()
	case abi.DelQdisc:
		return r.delQdisc()
	case abi.NewTFilter:
		return r.newFilter()
	case abi.DelTFilter:
		return r.delFilter()
	}
	return r.setXDP()
}

// end is the message with the result, which repeats the header of the request.
func (r *netlinkRequest) end(errno abi.Errno) {
	le := binary.NativeEndian
	b := le.AppendUint32(nil, uint32(-int32(errno)))
	b = le.AppendUint32(b, uint32(abi.NetlinkHeader+len(r.body)))
	b = le.AppendUint16(b, uint16(r.kind))
	b = le.AppendUint16(b, r.flags)
	b = le.AppendUint32(b, r.seq)
	b = le.AppendUint32(b, r.port)
	flags := uint16(abi.NetlinkCapped)
	if errno != abi.OK && !r.from.Capped {
		flags = 0
		b = append(b, r.body...)
	}
	if errno != abi.OK && r.from.Texts && r.text != "" {
		flags |= abi.NetlinkTexts
		b = append(b, make([]byte, align4(len(b))-len(b))...)
		b = appendAttr(b, abi.NetlinkText, append([]byte(r.text), 0))
	}
	r.reply(abi.NetlinkError, flags, b)
}

// reply sends the caller a message.
func (r *netlinkRequest) reply(kind abi.NetlinkType, flags uint16, body []byte) {
	le := binary.NativeEndian
	b := le.AppendUint32(nil, uint32(abi.NetlinkHeader+len(body)))
	b = le.AppendUint16(b, uint16(kind))
	b = le.AppendUint16(b, flags)
	b = le.AppendUint32(b, r.seq)
	b = le.AppendUint32(b, r.from.Port)
	b = append(b, body...)
	r.replies = append(r.replies, append(b, make([]byte, align4(len(b))-len(b))...))
}
