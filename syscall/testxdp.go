package bpfsys

import (
	"encoding/binary"

	"github.com/bpfsim/bpfsim/abi"
)

// Struct xdp_md, in bytes.
const (
	xdpSize    = 24
	xdpData    = 0
	xdpDataEnd = 4
	xdpMeta    = 8
	xdpIngress = 12
	xdpQueue   = 16
	xdpEgress  = 20
)

// A packet begins in a page, behind 256 bytes of headroom, and goes on in up to 17 further ones.
const (
	mostLinear  = perfPage - 256 - 320
	mostXDPData = mostLinear + 17*perfPage
)

// linear is how much of the packet lies in its first page, with metadata: the context may ask for less than fits.
func (t *testRun) linear() uint32 {
	n := min(uint32(len(t.data)), mostLinear)
	if t.context != nil {
		n = min(n, binary.LittleEndian.Uint32(t.context[xdpDataEnd:]))
	}
	return n
}

// prepareXDP follows bpf_prog_test_run_xdp.
func (t *testRun) prepareXDP() (run Run, errno abi.Errno) {
	const mostBatch = 256
	live := t.Flags&testLiveFrames != 0
	switch {
	case t.Flags&^testLiveFrames != 0:
		return run, abi.EINVAL
	case live && t.BatchSize > mostBatch:
		return run, abi.E2BIG
	case !live && t.BatchSize != 0:
		return run, abi.EINVAL
	}
	errno = firstErrno(func() abi.Errno { return t.readContext(xdpSize) }, t.checkXDP, t.readFrame, t.checkIngress)
	switch {
	case errno != abi.OK:
		return run, errno
	case live:
		return run, t.refuse(Refusal{Cmd: abi.ProgTestRun, What: "BPF_F_TEST_XDP_LIVE_FRAMES", Errno: abi.ENOTSUPP})
	}
	context := make([]byte, xdpSize)
	copy(context, t.context)
	binary.LittleEndian.PutUint32(context[xdpDataEnd:], t.linear())
	return Run{Context: context, Data: t.data}, abi.OK
}

// checkXDP: the context says where in the data the packet begins, behind metadata.
func (t *testRun) checkXDP() abi.Errno {
	if t.context == nil {
		return abi.OK
	}
	const mostMeta = 256 - 40 // what the headroom has beside struct xdp_frame (measured)
	word := func(at int) uint32 { return binary.LittleEndian.Uint32(t.context[at:]) }
	data := word(xdpData)
	switch {
	case word(xdpMeta) != 0, word(xdpDataEnd) > t.DataSizeIn, data > word(xdpDataEnd), data%4 != 0, data > mostMeta,
		t.DataSizeIn-data < ethernetHeader,
		t.Flags&testLiveFrames != 0 && (t.DataOut != 0 || t.CtxOut != 0):
		return abi.EINVAL
	}
	return abi.OK
}

// readFrame reads the packet page by page, as far as there are pages for it.
func (t *testRun) readFrame() abi.Errno {
	if t.DataSizeIn < ethernetHeader {
		return abi.EINVAL
	}
	t.data = make([]byte, min(t.DataSizeIn, mostXDPData))
	errno := t.copyIn(t.data, t.DataIn)
	if errno == abi.OK && t.DataSizeIn > mostXDPData {
		errno = abi.ENOMEM
	}
	return errno
}

// checkIngress follows xdp_convert_md_to_buff. Each device has a receive queue, and here no more than that.
func (t *testRun) checkIngress() abi.Errno {
	if t.context == nil {
		return abi.OK
	}
	word := func(at int) uint32 { return binary.LittleEndian.Uint32(t.context[at:]) }
	ingress := word(xdpIngress)
	switch {
	case word(xdpEgress) != 0, ingress == 0 && word(xdpQueue) != 0:
		return abi.EINVAL
	case ingress == 0:
		return abi.OK
	case !t.proc.host().Device(ingress):
		return abi.ENODEV
	}
	return errnoIf(word(xdpQueue) != 0, abi.EINVAL)
}

// finishXDP gives back the packet and where it lies.
func (t *testRun) finishXDP(ran Ran) abi.Errno {
	linear := int(t.linear())
	if t.context != nil {
		copy(t.context[xdpData:xdpMeta], ran.Context[xdpData:])
	}
	if errno := t.writePages(ran.Data, linear, ran); errno != abi.OK {
		return errno
	}
	return t.writeContext()
}
