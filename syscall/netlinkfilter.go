package bpfsys

import (
	"slices"

	"github.com/bpfsim/bpfsim/abi"
)

// tcFilter is what a classic filter of kind "bpf" has beside its program.
type tcFilter struct {
	priority, protocol uint16
	handle             uint32
	name               string
	flags              uint32
}

// filterPoint is one side of the discipline at a point.
func filterPoint(qdisc Point, parent uint32) Point {
	qdisc.Name = clsact + "/ingress"
	if parent == abi.ClsactEgress {
		qdisc.Name = clsact + "/egress"
	}
	return qdisc
}

// wanted is the filter that a request names, with 0 for what it leaves open.
func (m tcMessage) wanted() tcFilter {
	return tcFilter{priority: uint16(m.info >> 16), protocol: uint16(m.info), handle: m.handle}
}

// filters finds where a request's filters are; it is called with the hooks locked.
func (r *netlinkRequest) filters(qdisc Point) (Point, abi.Errno) {
	switch r.kernel.hooks.clsact[qdisc] {
	case "":
		return Point{}, abi.EINVAL
	case ingress: // which has one side, under any name
		return filterPoint(qdisc, abi.ClsactIngress), abi.OK
	}
	return filterPoint(qdisc, r.tc().parent), abi.OK
}

// newFilter follows tc_new_tfilter in net/sched/cls_api.c and cls_bpf_change in net/sched/cls_bpf.c.
func (r *netlinkRequest) newFilter() abi.Errno {
	qdisc, exists := r.clsactPoint()
	attrs, want := r.attrs(), r.tc().wanted()
	if errno := r.simpleFilter(attrs); errno != abi.OK {
		return errno
	}
	switch {
	case want.priority == 0 && r.flags&abi.NetlinkCreate == 0:
		return abi.ENOENT
	case !exists:
		return abi.ENODEV
	}
	program, errno := want.read(r.call, attrsOf(attrs.find(abi.TCOptions)))
	h, gone := &r.kernel.hooks, r.proc.host().DeviceGone(qdisc.Device)
	h.mu.Lock()
	defer h.unlock()
	point, found := r.filters(qdisc)
	if found == abi.OK {
		k := h.make(point)
		k.flags = r.parent
		found = k.mayFilter(&want, r.flags)
	}
	if found != abi.OK {
		errno = found
	}
	if errno == abi.OK {
		added := &seat{prog: program, filter: &want}
		h.putFilter(point, added)
		h.watch(point, gone)
		if r.flags&abi.NetlinkEcho != 0 {
			r.tell(added, abi.NewTFilter, r.flags)
		}
		return abi.OK
	}
	if k := h.find(point); k != nil {
		h.tidy(k)
	}
	if program != nil {
		h.left = append(h.left, program)
	}
	return errno
}

// simpleFilter refuses what else filters can be.
func (r *netlinkRequest) simpleFilter(attrs netlinkAttrs) abi.Errno {
	if kind := attrs.text(abi.TCKind); kind != "bpf" {
		return r.refuse(Refusal{Call: "RTM_NEWTFILTER", What: "kind " + kind, Errno: abi.EOPNOTSUPP})
	}
	if chain, _ := attrs.u32(abi.TCChain); chain != 0 {
		return r.refuse(Refusal{Call: "RTM_NEWTFILTER", What: "a chain", Errno: abi.EOPNOTSUPP})
	}
	return abi.OK
}

// read reads the options of a filter and finds its program.
func (f *tcFilter) read(c *call, options netlinkAttrs) (*Program, abi.Errno) {
	fd, extended := options.u32(abi.TCBPFFD)
	classic := options.find(abi.TCBPFOps) != nil
	f.flags, _ = options.u32(abi.TCBPFFlags)
	f.name = options.text(abi.TCBPFName)
	switch {
	case extended == classic, f.flags&^uint32(abi.TCBPFDirect) != 0:
		return nil, abi.EINVAL
	case classic:
		return nil, c.refuse(Refusal{Call: "RTM_NEWTFILTER", What: "a classic program", Errno: abi.EOPNOTSUPP})
	}
	return c.programOf(int32(fd), abi.ProgSchedCLS)
}

// mayFilter looks at what is there, and fills in what the request left open.
func (k *hook) mayFilter(want *tcFilter, flags uint16) abi.Errno {
	if want.priority == 0 {
		want.priority = k.autoPriority()
	}
	same := k.atPriority(want.priority)
	if len(same) == 0 {
		if want.protocol == 0 {
			return abi.EINVAL
		}
		if flags&abi.NetlinkCreate == 0 {
			return abi.ENOENT
		}
	} else if want.protocol != 0 && same[0].filter.protocol != want.protocol {
		return abi.EINVAL
	} else {
		want.protocol = same[0].filter.protocol
	}
	if want.handle == 0 {
		if flags&abi.NetlinkCreate == 0 {
			return abi.ENOENT
		}
		want.handle = firstFree(same)
		return abi.OK
	}
	exists := slices.ContainsFunc(same, func(s *seat) bool { return s.filter.handle == want.handle })
	switch {
	case !exists && flags&abi.NetlinkCreate == 0:
		return abi.ENOENT
	case exists && flags&abi.NetlinkExcl != 0:
		return abi.EEXIST
	}
	return abi.OK
}

// autoPriority comes before those of the upper half that are there (tcf_auto_prio).
func (k *hook) autoPriority() uint16 {
	for _, s := range k.seats {
		if s.filter.priority > 0x8000 {
			return s.filter.priority - 1
		}
	}
	return 0xc000
}

// atPriority are the filters of one priority.
func (k *hook) atPriority(priority uint16) (same []*seat) {
	for _, s := range k.seats {
		if s.filter.priority == priority {
			same = append(same, s)
		}
	}
	return same
}

// firstFree is the smallest handle that no filter has.
func firstFree(same []*seat) uint32 {
	taken := map[uint32]bool{0: true}
	for _, s := range same {
		taken[s.filter.handle] = true
	}
	handle := uint32(0)
	for taken[handle] {
		handle++
	}
	return handle
}

// putFilter puts a filter among those of its point, in the place of the one with its handle.
func (h *hooks) putFilter(point Point, s *seat) {
	k := h.make(point)
	if at, exists := k.filterAt(s.filter); exists {
		h.left = append(h.left, k.seats[at].prog)
		k.seats[at] = s
	} else {
		k.seats = slices.Insert(k.seats, at, s)
	}
	k.revision++
}

// filterAt is the place of a filter, or where it would be: of those of a priority the newest runs first.
func (k *hook) filterAt(f *tcFilter) (at int, exists bool) {
	at = slices.IndexFunc(k.seats, func(s *seat) bool {
		return s.filter.priority == f.priority && s.filter.handle == f.handle
	})
	if at >= 0 {
		return at, true
	}
	at = slices.IndexFunc(k.seats, func(s *seat) bool { return s.filter.priority >= f.priority })
	if at < 0 {
		at = len(k.seats)
	}
	return at, false
}

// delFilter deletes one filter, those of a priority, or all (tc_del_tfilter).
func (r *netlinkRequest) delFilter() abi.Errno {
	qdisc, exists := r.clsactPoint()
	want, kind := r.tc().wanted(), r.attrs().text(abi.TCKind)
	switch {
	case want.priority == 0 && (want.protocol != 0 || want.handle != 0 || kind != ""):
		return abi.ENOENT
	case !exists:
		return abi.ENODEV
	}
	h := &r.kernel.hooks
	h.mu.Lock()
	defer h.unlock()
	point, errno := r.filters(qdisc)
	if errno != abi.OK {
		return errno
	}
	k := h.make(point)
	defer h.tidy(k)
	same := k.atPriority(want.priority)
	switch {
	case want.priority == 0:
		same = k.seats
	case len(same) == 0:
		return abi.ENOENT
	case want.protocol != 0 && same[0].filter.protocol != want.protocol:
		return abi.EINVAL
	case kind != "" && kind != "bpf":
		return abi.EINVAL
	}
	left := slices.Clone(same)
	if want.handle != 0 {
		left = slices.DeleteFunc(left, func(s *seat) bool { return s.filter.handle != want.handle })
	}
	if len(left) == 0 && want.priority != 0 {
		return abi.ENOENT
	}
	r.echoDeleted(left, want.handle != 0)
	k.seats = slices.DeleteFunc(k.seats, func(s *seat) bool { return slices.Contains(left, s) })
	for _, s := range left {
		h.left = append(h.left, s.prog)
	}
	return abi.OK
}

// echoDeleted tells the caller of filters that go if it has asked for that: of one, or of all of a priority at once.
func (r *netlinkRequest) echoDeleted(left []*seat, one bool) {
	if r.flags&abi.NetlinkEcho == 0 {
		return
	}
	if one {
		r.tell(left[0], abi.DelTFilter, r.flags)
		return
	}
	last := uint16(0)
	for _, s := range left {
		if s.filter.priority != last {
			r.reply(abi.DelTFilter, r.flags, r.filterBody(&tcFilter{priority: s.filter.priority, protocol: s.filter.protocol}))
		}
		last = s.filter.priority
	}
}

// getFilter tells of one filter (tc_get_tfilter).
func (r *netlinkRequest) getFilter() abi.Errno {
	qdisc, exists := r.clsactPoint()
	want := r.tc().wanted()
	switch {
	case want.priority == 0:
		return abi.ENOENT
	case !exists:
		return abi.ENODEV
	}
	h := &r.kernel.hooks
	h.mu.Lock()
	defer h.unlock()
	point, errno := r.filters(qdisc)
	if errno != abi.OK {
		return errno
	}
	k := h.find(point)
	if k == nil { // there is no chain of filters
		return abi.EINVAL
	}
	if same := k.atPriority(want.priority); len(same) > 0 && want.protocol != 0 && same[0].filter.protocol != want.protocol {
		return abi.EINVAL
	}
	at, exists := k.filterAt(&want)
	if !exists {
		return abi.ENOENT
	}
	r.tell(k.seats[at], abi.NewTFilter, r.flags)
	return abi.OK
}

// dumpFilters tells of the filters of one side, each priority with a message in front (tcf_chain_dump).
func (r *netlinkRequest) dumpFilters() {
	if qdisc, exists := r.clsactPoint(); exists {
		h := &r.kernel.hooks
		h.mu.Lock()
		if point, errno := r.filters(qdisc); errno == abi.OK {
			if k := h.find(point); k != nil {
				r.parent = k.flags
				r.dumpSeats(k.seats)
			}
		}
		h.mu.Unlock()
	}
	r.reply(abi.NetlinkDone, abi.NetlinkMulti, make([]byte, 4))
}

func (r *netlinkRequest) dumpSeats(seats []*seat) {
	want, last := r.tc().wanted(), uint16(0)
	for _, s := range seats {
		f := s.filter
		if want.priority != 0 && want.priority != f.priority || want.protocol != 0 && want.protocol != f.protocol {
			continue
		}
		if f.priority != last {
			r.reply(abi.NewTFilter, abi.NetlinkMulti, r.filterBody(&tcFilter{priority: f.priority, protocol: f.protocol}))
		}
		last = f.priority
		r.tell(s, abi.NewTFilter, abi.NetlinkMulti)
	}
}

// tell is the message with a filter (tcf_fill_node, cls_bpf_dump).
func (r *netlinkRequest) tell(s *seat, kind abi.NetlinkType, flags uint16) {
	f := s.filter
	var options []byte
	if f.name != "" {
		options = appendAttr(options, abi.TCBPFName, append([]byte(f.name), 0))
	}
	options = appendAttr32(options, abi.TCBPFID, s.prog.id)
	tag := s.prog.Tag()
	options = appendAttr(options, abi.TCBPFTag, tag[:])
	if f.flags != 0 {
		options = appendAttr32(options, abi.TCBPFFlags, f.flags)
	}
	options = appendAttr32(options, abi.TCBPFGenFlags, notInHardware)
	r.reply(kind, flags, appendAttr(r.filterBody(f), abi.TCOptions, options))
}

// notInHardware is TCA_CLS_FLAGS_NOT_IN_HW.
const notInHardware = 8

// filterBody is how messages with filters begin.
func (r *netlinkRequest) filterBody(f *tcFilter) []byte {
	body := tcMessage{r.tc().device, f.handle, r.parent, uint32(f.priority)<<16 | uint32(f.protocol)}.append(nil)
	return appendAttr32(appendAttr(body, abi.TCKind, []byte("bpf\x00")), abi.TCChain, 0)
}
