package bpfsys

import (
	"encoding/binary"

	"github.com/bpfsim/bpfsim/abi"
)

// Struct __sk_buff, in bytes.
const (
	skbSize           = 192
	skbLen            = 0
	skbMark           = 8
	skbPriority       = 32
	skbIngressIfindex = 36
	skbIfindex        = 40
	skbCB             = 48 // 20 bytes
	skbHash           = 68
	skbDataEnd        = 80
	skbTimestamp      = 152 // 8 bytes
	skbWireLen        = 160
	skbGSOSegs        = 164
	skbSK             = 168
	skbGSOSize        = 176
	skbHWTimestamp    = 184 // 8 bytes
)

const (
	ethernetHeader = 14
	// headAndTail is what a page of packet has before and behind the packet: NET_SKB_PAD with NET_IP_ALIGN, and struct skb_shared_info.
	headAndTail = 64 + 320
)

// preparePacket follows bpf_prog_test_run_skb.
func (t *testRun) preparePacket() (run Run, errno abi.Errno) {
	if t.Flags&^testChecksumComplete != 0 || t.CPU != 0 || t.BatchSize != 0 || t.DataSizeIn < ethernetHeader {
		return run, abi.EINVAL
	}
	errno = firstErrno(t.readPacket, func() abi.Errno { return t.readContext(skbSize) }, t.checkDevice, t.checkHeader,
		t.checkSKB)
	if errno != abi.OK {
		return run, errno
	}
	packet := t.data[t.unseen():]
	context := make([]byte, skbSize)
	copy(context, t.context)
	describePacket(context, packet, t.device())
	return Run{Context: context, Data: packet}, abi.OK
}

// describePacket fills in struct __sk_buff for a packet.
func describePacket(context, packet []byte, device uint32) {
	for _, word := range []struct{ at, value uint32 }{{skbLen, uint32(len(packet))}, {skbDataEnd, uint32(len(packet))}, {skbIfindex, device}} {
		binary.LittleEndian.PutUint32(context[word.at:], word.value)
	}
}

// PacketContext is the context of a program on a packet that comes through lo: struct __sk_buff or xdp_md, with addresses of packet data that
// begin at 0. It is nil for programs of other types.
func PacketContext(t abi.ProgType, packet []byte) []byte {
	switch t {
	case abi.ProgSocketFilter, abi.ProgSchedCLS, abi.ProgSchedACT, abi.ProgCgroupSKB, abi.ProgLWTIn, abi.ProgLWTOut, abi.ProgLWTXmit,
		abi.ProgLWTSeg6Local, abi.ProgSKSKB:
		context := make([]byte, skbSize)
		describePacket(context, packet, loopback)
		return context
	case abi.ProgXDP:
		return binary.LittleEndian.AppendUint32(make([]byte, xdpDataEnd, xdpSize), uint32(len(packet)))[:xdpSize]
	}
	return nil
}

func (t *testRun) readPacket() abi.Errno { return t.readData(perfPage - headAndTail) }

// checkHeader: there must be the header that the Ethernet header speaks of.
func (t *testRun) checkHeader() abi.Errno {
	need := map[uint16]int{protocolIP: ipHeader, protocolIP6: ip6Header}[t.protocol()]
	return errnoIf(len(t.data) < ethernetHeader+need, abi.EINVAL)
}

// unseen is how many bytes of the packet programs of the type do not see: its Ethernet header.
func (t *testRun) unseen() int {
	if t.program.kind == abi.ProgSchedCLS || t.program.kind == abi.ProgSchedACT {
		return 0
	}
	return ethernetHeader
}

// device is the device that the packet comes through, lo where the context names none.
func (t *testRun) device() uint32 {
	if t.context == nil {
		return loopback
	}
	return max(loopback, binary.LittleEndian.Uint32(t.context[skbIfindex:]))
}

func (t *testRun) checkDevice() abi.Errno {
	if d := t.device(); d != loopback && !t.proc.host().Device(d) {
		return abi.ENODEV
	}
	return abi.OK
}

// checkSKB follows convert___skb_to_skb: fields that do not become the packet's must be zero.
func (t *testRun) checkSKB() abi.Errno {
	const maxGSO, maxSegs = 65536, 65535
	if t.context == nil {
		return abi.OK
	}
	for _, unused := range [][2]int{{0, skbMark}, {skbMark + 4, skbPriority}, {skbIfindex + 4, skbCB}, {skbHash, skbTimestamp}, {skbSK, skbGSOSize}, {skbGSOSize + 4, skbHWTimestamp}} {
		if !allZero(t.context[unused[0]:unused[1]]) {
			return abi.EINVAL
		}
	}
	wire := binary.LittleEndian.Uint32(t.context[skbWireLen:])
	switch {
	case wire != 0 && (wire < uint32(len(t.data)-t.unseen()) || wire > maxGSO), binary.LittleEndian.Uint32(t.context[skbGSOSegs:]) > maxSegs:
		return abi.EINVAL
	}
	return abi.OK
}

// finishPacket gives back the packet, behind an empty Ethernet header where the program saw none, and what of the context is the
// packet's (convert_skb_to___skb).
func (t *testRun) finishPacket(ran Ran) abi.Errno {
	t.updateSKB(ran)
	data := append(make([]byte, t.unseen()), ran.Data...)
	if errno := t.writeData(data, ran); errno != abi.OK {
		return errno
	}
	return t.writeContext()
}

func (t *testRun) updateSKB(ran Ran) {
	if t.context == nil {
		return
	}
	binary.LittleEndian.PutUint32(t.context[skbIfindex:], t.device())
	for _, f := range [][2]int{{skbMark, 4}, {skbPriority, 4}, {skbCB, 20}, {skbTimestamp, 8}} {
		copy(t.context[f[0]:][:f[1]], ran.Context[f[0]:])
	}
	if wire := t.context[skbWireLen:][:4]; allZero(wire) {
		binary.LittleEndian.PutUint32(wire, uint32(len(t.data)-t.unseen()))
	}
}
