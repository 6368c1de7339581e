package kernel

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
	"github.com/bpfsim/bpfsim/syscall"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// tcBPFID is where an attribute with a program's id begins in the reply with a filter: its header has these four bytes.
var tcBPFID = binary.NativeEndian.AppendUint16(binary.NativeEndian.AppendUint16(nil, 8), abi.TCBPFID)

// talker sends the same messages to rtnetlink on Linux, in a network namespace of its own, and to bpfsim.
type talker struct {
	*attacher
	socket int
	seq    uint32
}

func newTalker(t *testing.T, draw *rand.Rand) *talker {
	k := &talker{attacher: newAttacher(t, draw)}
	var err error
	k.socket, err = unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
	require.NoError(t, err)
	t.Cleanup(func() { unix.Close(k.socket) })
	require.NoError(t, unix.SetsockoptTimeval(k.socket, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 5}))
	require.NoError(t, unix.Bind(k.socket, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}))
	return k
}

// attr is an attribute with a value of 4 bytes, or those of a string.
func attr(kind uint16, value any) []byte {
	var raw []byte
	switch value := value.(type) {
	case string:
		raw = append([]byte(value), 0)
	case []byte:
		raw = value
	case uint32:
		raw = binary.NativeEndian.AppendUint32(nil, value)
	}
	b := binary.NativeEndian.AppendUint16(nil, uint16(4+len(raw)))
	b = binary.NativeEndian.AppendUint16(b, kind)
	b = append(b, raw...)
	return append(b, make([]byte, (4-len(raw)%4)%4)...)
}

func words32(all ...uint32) (b []byte) {
	for _, word := range all {
		b = binary.NativeEndian.AppendUint32(b, word)
	}
	return b
}

// drawFD is mostly the fd of a program of a type.
func (k *talker) drawFD(kind abi.ProgType) uint32 {
	for {
		switch p := k.programs[k.draw.IntN(len(k.programs))]; {
		case k.draw.IntN(12) == 0:
			others := []int32{-1, -2, k.fds.closed, k.fds.file, k.fds.hash, p.fd}
			return uint32(others[k.draw.IntN(len(others))])
		case p.kind == kind:
			return uint32(p.fd)
		}
	}
}

func oneOf[T any](draw *rand.Rand, from ...T) T { return from[draw.IntN(len(from))] }

func (k *talker) some(one int, attrs ...[]byte) (b []byte) {
	for _, a := range attrs {
		if k.draw.IntN(one) != 0 {
			b = append(b, a...)
		}
	}
	return b
}

// drawXDP attaches or detaches a program at lo.
func (k *talker) drawXDP() (abi.NetlinkType, []byte) {
	flags := oneOf(k.draw, 0, 0, 2, 2, 1, 3, 4, 8, 16, 18, 6, 32, 0x80000000)
	xdp := k.some(8, attr(abi.XDPFD, k.drawFD(abi.ProgXDP)), attr(abi.XDPFlags, uint32(flags)))
	if k.draw.IntN(3) == 0 {
		xdp = append(xdp, attr(abi.XDPExpectedFD, k.drawFD(abi.ProgXDP))...)
	}
	if k.draw.IntN(20) == 0 {
		xdp = append(xdp, attr(oneOf[uint16](k.draw, abi.XDPAttached, abi.XDPProgID), uint32(0))...)
	}
	return abi.SetLink, append(words32(0, oneOf[uint32](k.draw, 1, 1, 1, 99), 0, 0), attr(abi.LinkXDPAttr|unix.NLA_F_NESTED, xdp)...)
}

func (k *talker) drawQdisc() (abi.NetlinkType, []byte) {
	body := words32(0, oneOf[uint32](k.draw, 1, 1, 1, 1, 99), oneOf[uint32](k.draw, 0, abi.ClsactHandle), abi.ClsactParent, 0)
	body = append(body, k.some(6, attr(abi.TCKind, oneOf(k.draw, "clsact", "clsact", "clsact", "ingress")))...)
	return oneOf(k.draw, abi.NewQdisc, abi.NewQdisc, abi.DelQdisc), body
}

func (k *talker) drawFilter() (abi.NetlinkType, []byte) {
	kind := oneOf(k.draw, abi.NewTFilter, abi.NewTFilter, abi.NewTFilter, abi.DelTFilter, abi.GetTFilter)
	info := oneOf[uint32](k.draw, 0, 1, 1, 2, 7)<<16 | oneOf[uint32](k.draw, 0x0300, 0x0300, 0x0300, 0x0008, 0)
	body := words32(0, oneOf[uint32](k.draw, 1, 1, 1, 1, 1, 99), oneOf[uint32](k.draw, 0, 0, 1, 2, 5),
		oneOf[uint32](k.draw, abi.ClsactIngress, abi.ClsactEgress), info)
	options := k.some(20, attr(abi.TCBPFFD, k.drawFD(abi.ProgSchedCLS)))
	options = append(options, k.some(2, attr(abi.TCBPFName, "some"), attr(abi.TCBPFFlags, oneOf[uint32](k.draw, 1, 1, 0, 2)))...)
	if kind == abi.NewTFilter || k.draw.IntN(2) == 0 {
		body = append(body, attr(abi.TCKind, "bpf")...)
	}
	return kind, append(body, k.some(20, attr(abi.TCOptions, options))...)
}

// message draws a request.
func (k *talker) message() []byte {
	kind, body := k.drawFilter()
	switch k.draw.IntN(10) {
	case 0:
		kind, body = k.drawQdisc()
	case 1, 2, 3:
		kind, body = k.drawXDP()
	}
	flags := unix.NLM_F_REQUEST | unix.NLM_F_ACK | oneOf(k.draw, 0, 0, unix.NLM_F_ECHO) |
		oneOf(k.draw, 0, unix.NLM_F_CREATE, unix.NLM_F_CREATE, unix.NLM_F_CREATE|unix.NLM_F_EXCL, unix.NLM_F_CREATE|unix.NLM_F_REPLACE, unix.NLM_F_EXCL)
	if kind == abi.GetTFilter {
		flags = unix.NLM_F_REQUEST | unix.NLM_F_ACK
		if k.draw.IntN(2) == 0 {
			flags = unix.NLM_F_REQUEST | unix.NLM_F_DUMP
		}
	}
	k.seq++
	header := words32(uint32(16+len(body)), uint32(kind)|uint32(flags)<<16, k.seq, 0)
	return append(header, body...)
}

// onLinux sends a message and receives what answers it, up to the result or the end of a dump.
func (k *talker) onLinux(message []byte) (replies [][]byte) {
	require.NoError(k, unix.Sendto(k.socket, message, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}))
	for buf := make([]byte, 1<<16); ; {
		n, _, err := unix.Recvfrom(k.socket, buf, 0)
		require.NoError(k, err)
		for b := buf[:n]; len(b) >= 16; {
			size := binary.NativeEndian.Uint32(b)
			reply := append([]byte(nil), b[:size]...)
			b = b[min(int(size+3)&^3, len(b)):]
			replies = append(replies, k.comparable(reply))
			if kind := abi.NetlinkType(binary.NativeEndian.Uint16(reply[4:])); kind == abi.NetlinkError || kind == abi.NetlinkDone {
				return replies
			}
		}
	}
}

// compareLink asks Linux what runs at lo, and has bpfsim put in what runs there.
func (k *talker) compareLink() {
	k.seq++
	reply := k.onLinux(append(words32(32, uint32(abi.GetLink)|unix.NLM_F_REQUEST<<16|unix.NLM_F_ACK<<16, k.seq, 0), words32(0, 1, 0, 0)...))[0]
	sim, _ := k.sim.NetlinkReply(k.process, reply)
	require.Equal(k, k.xdpOf(reply, k.ids), k.xdpOf(sim, nil))
}

// xdpOf are the words of IFLA_XDP, with ids translated.
func (k *talker) xdpOf(reply []byte, ids map[uint32]uint32) (all []uint32) {
	for b := reply[32:]; len(b) >= 4; {
		size := int(binary.NativeEndian.Uint16(b))
		if binary.NativeEndian.Uint16(b[2:])&^uint16(unix.NLA_F_NESTED) == abi.LinkXDPAttr {
			for _, word := range wordsOf(b[:size]) {
				if id, known := ids[word]; known && word > 0xff {
					word = id
				}
				all = append(all, word)
			}
		}
		b = b[min((size+3)&^3, len(b)):]
	}
	return all
}

// comparable is a reply with bpfsim's id of a program, and without the port of the socket.
func (k *talker) comparable(reply []byte) []byte {
	clear(reply[12:16])
	if kind := abi.NetlinkType(binary.NativeEndian.Uint16(reply[4:])); kind != abi.NewTFilter && kind != abi.DelTFilter {
		return reply
	}
	for at := 36; at+8 <= len(reply); at += 4 {
		if string(reply[at:at+4]) == string(tcBPFID) {
			id := k.ids[binary.NativeEndian.Uint32(reply[at+4:])]
			binary.NativeEndian.PutUint32(reply[at+4:], id)
		}
	}
	return reply
}

// Messages by which programs are attached to XDP and to tc are answered as on Linux, byte for byte.
func TestNetlinkAsLinux(t *testing.T) {
	runtime.LockOSThread() // for good: the thread has left its network namespace
	k := newTalker(t, rand.New(rand.NewPCG(8, 9)))
	seen := map[string]int{}
	for i := range 6_000 {
		message := k.message()
		answer := k.sim.Netlink(&maps.Task{}, k.process, bpfsys.NetlinkSocket{}, message)
		require.False(t, answer.Host)
		replies := k.onLinux(message)
		require.Equal(t, replies, answer.Replies, "message %d: % x", i, message)
		last := replies[len(replies)-1]
		kind := abi.NetlinkType(binary.NativeEndian.Uint16(message[4:]))
		if kind == abi.SetLink {
			k.compareLink()
		}
		seen[fmt.Sprint(uint16(kind), " ", abi.Errno(-int32(binary.NativeEndian.Uint32(last[16:]))))]++
	}
	for _, kind := range []abi.NetlinkType{abi.SetLink, abi.NewQdisc, abi.DelQdisc, abi.NewTFilter, abi.DelTFilter} {
		require.NotZero(t, seen[fmt.Sprint(uint16(kind), " ", abi.OK)], kind)
	}
	for _, errno := range []string{"19 EBUSY", "19 EEXIST", "19 EOPNOTSUPP", "36 EEXIST", "36 ENOENT", "44 EEXIST", "44 ENOENT", "45 ENOENT"} {
		require.NotZero(t, seen[errno], errno)
	}
	require.Empty(t, k.refused)
}
