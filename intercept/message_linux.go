//go:build linux && (amd64 || arm64)

package intercept

import (
	"encoding/binary"

	"github.com/bpfsim/bpfsim/abi"
	"golang.org/x/sys/unix"
)

// message is struct msghdr of a caller's, or the arguments of a call that has none.
type message struct {
	name     uint64
	nameLen  uint32
	lengthAt uint64 // where recvfrom(2) has the length of the name
	header   uint64 // address of the struct, 0 when there is none
	pieces   []piece
}

// piece is struct iovec.
type piece struct{ at, length uint64 }

// Bounds of what is looked at: more pieces and longer messages are left to the host.
const (
	mostPieces    = 64
	longestRecord = 1 << 16
)

// Places in struct msghdr, in bytes.
const (
	messageNameLen    = 8
	messagePieces     = 16
	messageCount      = 24
	messageControlLen = 40
	messageFlags      = 48
	messageSize       = 56
)

// messageAt reads a struct msghdr.
func (c *call) messageAt(addr uint64) (m message, ok bool) {
	var raw [messageSize]byte
	if c.memory.Read(raw[:], addr) < len(raw) {
		return m, false
	}
	le := binary.NativeEndian
	count := le.Uint64(raw[messageCount:])
	m = message{name: le.Uint64(raw[:]), nameLen: le.Uint32(raw[messageNameLen:]), header: addr}
	if count > mostPieces {
		return m, false
	}
	pieces := make([]byte, 16*count)
	if c.memory.Read(pieces, le.Uint64(raw[messagePieces:])) < len(pieces) {
		return m, false
	}
	for ; len(pieces) > 0; pieces = pieces[16:] {
		m.pieces = append(m.pieces, piece{le.Uint64(pieces), le.Uint64(pieces[8:])})
	}
	return m, true
}

// toKernel tells whether a message of netlink(7) is for the kernel.
func (c *call) toKernel(m message) bool {
	if m.name == 0 || m.nameLen == 0 {
		return true
	}
	var raw [unix.SizeofSockaddrNetlink]byte
	if m.nameLen < uint32(len(raw)) || c.memory.Read(raw[:], m.name) < len(raw) {
		return false
	}
	return binary.NativeEndian.Uint32(raw[4:]) == 0 // its port
}

// read reads what is to be sent.
func (c *call) read(m message) ([]byte, bool) {
	var all []byte
	for _, p := range m.pieces {
		if p.length > longestRecord-uint64(len(all)) {
			return nil, false
		}
		part := make([]byte, p.length)
		if c.memory.Read(part, p.at) < len(part) {
			return nil, false
		}
		all = append(all, part...)
	}
	return all, true
}

// deliver writes a datagram from the kernel where the caller wants it, and returns how much of it has room there.
func (c *call) deliver(m *message, datagram []byte) (n int, errno abi.Errno) {
	var writes []write
	for _, p := range m.pieces {
		part := datagram[n:]
		part = part[:min(uint64(len(part)), p.length)]
		writes = append(writes, write{p.at, part})
		n += len(part)
	}
	if m.lengthAt != 0 {
		var raw [4]byte
		if c.memory.Read(raw[:], m.lengthAt) < len(raw) {
			return 0, abi.EFAULT
		}
		m.nameLen = binary.NativeEndian.Uint32(raw[:])
	}
	for _, w := range append(writes, m.rest(n < len(datagram))...) {
		if w.at != 0 && c.memory.Write(w.at, w.data) < len(w.data) {
			return 0, abi.EFAULT
		}
	}
	return n, abi.OK
}

// write is what goes to an address, unless that is 0.
type write struct {
	at   uint64
	data []byte
}

// rest is what a caller learns of a datagram beside what is in it: that it is from the kernel, and whether there was no room for all.
func (m *message) rest(truncated bool) []write {
	le := binary.NativeEndian
	from := le.AppendUint16(nil, unix.AF_NETLINK)
	from = append(from, make([]byte, unix.SizeofSockaddrNetlink-len(from))...)
	length := le.AppendUint32(nil, uint32(len(from)))
	sender := write{m.name, from[:min(uint32(len(from)), m.nameLen)]}
	if m.header == 0 {
		return []write{sender, {m.lengthAt, length}}
	}
	flags := uint32(0)
	if truncated {
		flags = unix.MSG_TRUNC
	}
	return []write{sender, {m.header + messageNameLen, length}, {m.header + messageControlLen, make([]byte, 8)},
		{m.header + messageFlags, le.AppendUint32(nil, flags)}}
}
