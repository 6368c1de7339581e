package model

import (
	"bytes"
	"encoding/binary"
	"slices"

	"github.com/bpfsim/bpfsim/abi"
)

// tracepointLink is what a link has that is at a raw tracepoint.
type tracepointLink struct {
	name   string // "" for other links
	cookie uint64
}

// rawTracepoints are those that calls here may be about.
var rawTracepoints = []string{"kvm_age_hva", "kvm_test_age_hva"}

// openTracepoint is RAW_TRACEPOINT_OPEN (bpf_raw_tracepoint_open in kernel/bpf/syscall.c): a link, of which there may be many at a tracepoint. Of a
// name 127 bytes count.
func (x *run) openTracepoint() (int32, abi.Errno) {
	const nameAt, progAt, cookieAt, longest = 0, 8, 16, 127
	serial, errno := x.program(int32(x.u32(progAt)))
	if errno != abi.OK {
		return 0, errno
	}
	if kind := x.state.object(serial).prog.kind; kind != abi.ProgRawTracepoint && kind != abi.ProgRawTracepointWritable {
		return 0, abi.EINVAL
	}
	name := x.user.prefix(x.u64(nameAt), longest)
	end := bytes.IndexByte(name, 0)
	switch {
	case end >= 0:
		name = name[:end]
	case len(name) < longest:
		return 0, abi.EFAULT
	}
	if !slices.Contains(rawTracepoints, string(name)) {
		return 0, abi.ENOENT
	}
	o := &object{link: link{is: true, prog: serial, attached: true, tracepoint: tracepointLink{string(name), x.u64(cookieAt)}}}
	o.link.at = abi.AttachTraceRawTP
	x.state.add(o)
	return x.newFD(o.serial, access{read: true})
}

// fill is bpf_raw_tp_link_fill_link_info: the name goes to where the caller says, cut off where there is no room for it.
func (l tracepointLink) fill(x *run, info []byte) abi.Errno {
	binary.LittleEndian.PutUint64(info[abi.LinkInfoKind+16:], l.cookie)
	return x.fillName(info[abi.LinkInfoKind:], l.name)
}

// fillName tells a name, and its length, at the fields of info that ask for it.
func (x *run) fillName(info []byte, told string) abi.Errno {
	const addrAt, lenAt = 0, 8
	le := binary.LittleEndian
	addr, room := le.Uint64(info[addrAt:]), int(le.Uint32(info[lenAt:]))
	if (addr == 0) != (room == 0) {
		return abi.EINVAL
	}
	name := append([]byte(told), 0)
	le.PutUint32(info[lenAt:], uint32(len(name)))
	errno := abi.OK
	if addr != 0 && room < len(name) {
		name, errno = append(name[:room-1:room-1], 0), abi.ENOSPC
	}
	if addr != 0 && !x.user.write(addr, name) {
		return abi.EFAULT
	}
	return errno
}
