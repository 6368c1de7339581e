package bpfsys

import (
	"encoding/binary"

	"github.com/bpfsim/bpfsim/abi"
)

// tcMessage is struct tcmsg, the fixed part of what is said of queueing disciplines and filters.
type tcMessage struct{ device, handle, parent, info uint32 }

func (r *netlinkRequest) tc() tcMessage {
	le, b := binary.NativeEndian, r.body
	return tcMessage{le.Uint32(b[4:]), le.Uint32(b[8:]), le.Uint32(b[12:]), le.Uint32(b[16:])}
}

func (m tcMessage) append(b []byte) []byte {
	for _, word := range []uint32{0, m.device, m.handle, m.parent, m.info} { // the family is unspecified
		b = binary.NativeEndian.AppendUint32(b, word)
	}
	return b
}

// attrs are the attributes behind struct tcmsg.
func (r *netlinkRequest) attrs() netlinkAttrs { return attrsOf(r.body[abi.TCMessage:]) }

// clsactPoint stands for the discipline "clsact" of a device, below which filters are.
func (r *netlinkRequest) clsactPoint() (Point, bool) {
	p, exists := r.devicePoint(r.tc().device, abi.NumAttachTypes)
	p.Name = "clsact"
	return p, exists
}

// The discipline has two names. Under the older one only packets that come in are filtered.
const (
	clsact  = "clsact"
	ingress = "ingress"
)

// newQdisc makes the discipline of a device to which filters are attached (tc_modify_qdisc in net/sched/sch_api.c).
func (r *netlinkRequest) newQdisc() abi.Errno {
	point, exists := r.clsactPoint()
	kind := r.attrs().text(abi.TCKind)
	if !exists {
		return abi.ENODEV
	}
	h, gone := &r.kernel.hooks, r.proc.host().DeviceGone(point.Device)
	h.mu.Lock()
	defer h.unlock()
	h.watch(point, gone)
	if h.clsact == nil {
		h.clsact = map[Point]string{}
	}
	was := h.clsact[point]
	h.clsact[point] = was // the device has a queue from now on
	there := was != ""
	other := there && kind != "" && kind != was
	switch {
	case other && r.tc().handle == 0 && r.replacesQdisc():
		r.dropQdisc(point, was)
	case there && r.flags&abi.NetlinkExcl != 0:
		return abi.EEXIST
	case other:
		return abi.EINVAL
	case there:
		r.echoQdisc(point, was, 0)
		return abi.OK
	case r.flags&abi.NetlinkCreate == 0, kind != clsact && kind != ingress:
		return abi.ENOENT
	}
	h.clsact[point] = kind
	r.echoQdisc(point, kind, abi.NetlinkReplace)
	return abi.OK
}

// delQdisc takes the filters along (tc_get_qdisc).
func (r *netlinkRequest) delQdisc() abi.Errno {
	point, exists := r.clsactPoint()
	if !exists {
		return abi.ENODEV
	}
	h := &r.kernel.hooks
	h.mu.Lock()
	defer h.unlock()
	was, queue := h.clsact[point]
	handle, kind := r.tc().handle, r.attrs().text(abi.TCKind)
	switch {
	case !queue:
		return abi.ENOENT
	case handle != 0 && (handle != abi.ClsactHandle || was == ""), kind != "" && kind != was:
		return abi.EINVAL
	case was == "":
		return abi.ENOENT
	}
	r.dropQdisc(point, was)
	return abi.OK
}

// replacesQdisc tells whether one of another kind is to be made.
func (r *netlinkRequest) replacesQdisc() bool {
	const mask = abi.NetlinkCreate | abi.NetlinkReplace | abi.NetlinkExcl
	flags := r.flags & mask
	return flags == 0 || flags&abi.NetlinkCreate != 0 && flags != abi.NetlinkCreate
}

// dropQdisc ends a discipline with its filters. The hooks are locked.
func (r *netlinkRequest) dropQdisc(point Point, kind string) {
	h := &r.kernel.hooks
	h.clsact[point] = ""
	delete(h.gone, point)
	if r.flags&abi.NetlinkEcho != 0 {
		r.tellQdisc(point, kind, abi.DelQdisc, 0)
	}
	for _, parent := range []uint32{abi.ClsactIngress, abi.ClsactEgress} {
		if k := h.find(filterPoint(point, parent)); k != nil {
			for _, s := range k.seats {
				h.left = append(h.left, s.prog)
			}
			k.seats = nil
			h.tidy(k)
		}
	}
}

// dumpQdiscs tells of ours, in front of the host's.
func (r *netlinkRequest) dumpQdiscs() {
	h := &r.kernel.hooks
	netns := r.proc.host().OwnNetNS()
	h.mu.Lock()
	defer h.mu.Unlock()
	points := make([]Point, 0, len(h.clsact))
	for p := range h.clsact {
		points = append(points, p)
	}
	for _, p := range sortedPoints(points) {
		if device := r.tc().device; h.clsact[p] != "" && p.NetNS == netns && (device == 0 || device == p.Device) {
			r.tellQdisc(p, h.clsact[p], abi.NewQdisc, abi.NetlinkMulti)
		}
	}
}

// Attributes of disciplines: whether hardware does it, and counters of packets, in a newer and in an older form.
const (
	tcOffload  = 12
	tcStats2   = 7
	tcStats    = 3
	statsBasic = 1
	statsQueue = 3
)

// tellQdisc is the message with a discipline (tc_fill_qdisc), through which no packet has gone.
func (r *netlinkRequest) tellQdisc(p Point, kind string, message abi.NetlinkType, flags uint16) {
	users := uint32(1)
	if message == abi.DelQdisc {
		users = 0
	}
	body := tcMessage{p.Device, abi.ClsactHandle, abi.ClsactParent, users}.append(nil)
	body = appendAttr(body, abi.TCKind, append([]byte(kind), 0))
	body = appendAttr(body, abi.TCOptions, nil)
	body = appendAttr(body, tcOffload, []byte{0})
	counters := appendAttr(nil, statsBasic, make([]byte, 16))
	counters = appendAttr(counters, statsQueue, make([]byte, 20))
	body = appendAttr(body, tcStats2, counters)
	r.reply(message, flags, appendAttr(body, tcStats, make([]byte, 40)))
}

// echoQdisc tells the caller of a change if it has asked for that.
func (r *netlinkRequest) echoQdisc(p Point, kind string, flags uint16) {
	if r.flags&abi.NetlinkEcho != 0 {
		r.tellQdisc(p, kind, r.kind, flags)
	}
}
