package bpfsys

import (
	"encoding/binary"
	"slices"

	"github.com/bpfsim/bpfsim/abi"
)

// Offsets in the attr of PROG_QUERY.
const (
	progQueryAttachFlags = 12
	progQueryCount       = 24
	progQueryRevision    = 56
	progQueryEnd         = 64

	effective = 1 // BPF_F_QUERY_EFFECTIVE
)

// querying is a call of PROG_QUERY.
type querying struct {
	*call
	ProgQuery
}

// attached is what a query finds: the ids of programs, of their links, and flags.
type attached struct {
	progs, links []uint32
	flags        uint32
	revision     uint64
}

// see notes what is on seats.
func (f *attached) see(seats []*seat) {
	for _, s := range seats {
		link := uint32(0)
		if s.link != nil {
			link = s.link.id
		}
		f.progs, f.links = append(f.progs, s.program().id), append(f.links, link)
	}
}

// progQuery follows bpf_prog_query, which asks for the permission before it looks behind the last field.
func (c *call) progQuery() abi.Errno {
	if !c.proc.Caps.SysAdmin { // CAP_NET_ADMIN, which it holds
		return abi.EPERM
	}
	q := querying{call: c.escaping()}
	q.Decode(c.attr)
	s := siteOf(q.At)
	if !allZero(c.attr[progQueryEnd:]) || q.Flags&^effective != 0 || s == nil || s.query == nil {
		return abi.EINVAL
	}
	return s.query(&q)
}

// queryCgroup follows cgroup_bpf_prog_query and __cgroup_bpf_query; LSM_MAC is attached to cgroups, but not queried.
func queryCgroup(q *querying) abi.Errno {
	all := q.Flags == effective
	if q.At == abi.AttachLSMMac {
		return abi.EINVAL
	}
	id, errno := q.cgroup(q.Target)
	switch {
	case errno != abi.OK:
		return errno
	case all && q.ProgFlags != 0,
		q.At == abi.AttachLSMCgroup && !all && q.ProgIDs != 0 && q.Count != 0 && q.ProgFlags == 0:
		return abi.EINVAL
	}
	found := q.kernel.hooks.inCgroup(Point{Cgroup: id, At: q.At}, all)
	if errno := q.summary(found); errno != abi.OK {
		return errno
	}
	if q.size >= progQueryEnd {
		if errno := q.putRevision(found.revision); errno != abi.OK {
			return errno
		}
	}
	return q.cgroupLists(found)
}

// inCgroup is what is attached to a cgroup itself, or what runs for it. Revision and flags are those of one attach type.
func (h *hooks) inCgroup(p Point, all bool) (found attached) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if all {
		for _, point := range h.functions(p) {
			found.see(h.effective(point))
		}
		return found
	}
	if p.At != abi.AttachLSMCgroup {
		found.revision = 1
	}
	for _, point := range h.functions(p) {
		if k := h.find(point); k != nil {
			found.see(k.seats)
			if p.At != abi.AttachLSMCgroup {
				found.flags, found.revision = k.flags, k.revision
			}
		}
	}
	return found
}

// functions are the points of an attach type at a cgroup: of LSM_CGROUP one for each function that has programs.
func (h *hooks) functions(p Point) (all []Point) {
	if p.At != abi.AttachLSMCgroup {
		return []Point{p}
	}
	for other := range h.at {
		if other.At == p.At && other.Cgroup == p.Cgroup {
			all = append(all, other)
		}
	}
	return sortedPoints(all)
}

// cgroupLists copies the ids of programs and, if asked for, how they are attached, which is the same for all.
func (q *querying) cgroupLists(found attached) abi.Errno {
	n, errno := q.room(found)
	if n == 0 {
		return errno
	}
	if fault := q.words(q.ProgIDs, found.progs[:n]); fault != abi.OK {
		return fault
	}
	if q.ProgFlags != 0 {
		flags := make([]uint32, n)
		for i := range flags {
			flags[i] = found.flags
		}
		if fault := q.words(q.ProgFlags, flags); fault != abi.OK {
			return fault
		}
	}
	return errno
}

// room is how many entries are copied: ENOSPC where that is not all.
func (q *querying) room(found attached) (int, abi.Errno) {
	n := len(found.progs)
	switch {
	case q.Count == 0, q.ProgIDs == 0:
		return 0, abi.OK
	case int(q.Count) < n:
		return int(q.Count), abi.ENOSPC
	}
	return n, abi.OK
}

func (q *querying) words(addr uint64, words []uint32) abi.Errno {
	raw := make([]byte, 0, 4*len(words))
	for _, w := range words {
		raw = binary.LittleEndian.AppendUint32(raw, w)
	}
	return q.copyOut(addr, raw)
}

// queryNetNS follows netns_bpf_prog_query.
func queryNetNS(q *querying) abi.Errno {
	if q.Flags != 0 {
		return abi.EINVAL
	}
	ns := q.proc.host().NetNS(q.Target)
	if ns == 0 {
		return q.noSuchObject(q.Target)
	}
	found := q.kernel.hooks.here(Point{NetNS: ns, At: q.At})
	if errno := q.summary(attached{progs: found.progs}); errno != abi.OK {
		return errno
	}
	n, errno := q.room(found)
	switch {
	case n == 0:
		return errno
	case q.Count > mostKept/4:
		return abi.ENOMEM
	}
	ids := append(slices.Clone(found.progs[:n]), make([]uint32, int(q.Count)-n)...) // as many as there is room for (bpf_prog_array_copy_to_user)
	if fault := q.words(q.ProgIDs, ids); fault != abi.OK {
		return fault
	}
	return errno
}

// mostKept is how much memory a kernel without free lists of larger pieces has in one piece, in bytes.
const mostKept = 4 << 20

// queryOne answers for places that know neither flags nor revisions.
func (q *querying) queryOne(p Point) abi.Errno {
	found := q.kernel.hooks.here(p)
	if errno := q.summary(attached{progs: found.progs}); errno != abi.OK {
		return errno
	}
	n, errno := q.room(found)
	if n == 0 {
		return errno
	}
	if fault := q.words(q.ProgIDs, found.progs[:n]); fault != abi.OK {
		return fault
	}
	return errno
}

// here is what is attached at a point.
func (h *hooks) here(p Point) (found attached) {
	h.mu.Lock()
	defer h.mu.Unlock()
	found.revision = 1
	if k := h.find(p); k != nil {
		found.see(k.seats)
		found.flags, found.revision = k.flags, k.revision
	}
	return found
}

// querySockMap follows sock_map_bpf_prog_query, which writes its results also where it refuses.
func querySockMap(q *querying) abi.Errno {
	if q.Flags != 0 {
		return abi.EINVAL
	}
	m, errno := q.mapBehind(q.Target)
	switch {
	case errno != abi.OK:
		return errno
	case !m.takesPrograms():
		errno = abi.EOPNOTSUPP
	case q.kernel.hooks.isExcluded(Point{Map: m.id, At: q.At}):
		errno = abi.EBUSY
	default:
		return q.queryOne(Point{Map: m.id, At: q.At})
	}
	if fault := q.summary(attached{}); fault != abi.OK {
		return fault
	}
	return errno
}

func (h *hooks) isExcluded(p Point) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.excluded(p)
}

// queryDevice follows tcx_prog_query and bpf_mprog_query.
func queryDevice(q *querying) abi.Errno {
	point, ok := q.devicePoint(uint32(q.Target), q.At)
	switch {
	case !ok:
		return abi.ENODEV
	case q.Flags != 0, q.AttachFlags != 0:
		return abi.EINVAL
	}
	found := q.kernel.hooks.here(point)
	if errno := q.putWord(q.addr+progQueryAttachFlags, 0); errno != abi.OK {
		return errno
	}
	if errno := q.putRevision(found.revision); errno != abi.OK {
		return errno
	}
	if errno := q.putWord(q.addr+progQueryCount, uint32(len(found.progs))); errno != abi.OK {
		return errno
	}
	return q.orderLists(found)
}

// orderLists copies entry after entry; there are no flags to tell.
func (q *querying) orderLists(found attached) abi.Errno {
	n, errno := q.room(found)
	for i := range uint64(n) {
		for _, to := range []struct {
			addr uint64
			word uint32
		}{{q.ProgIDs, found.progs[i]}, {q.ProgFlags, 0}, {q.LinkIDs, found.links[i]}, {q.LinkFlags, 0}} {
			if to.addr == 0 {
				continue
			}
			if fault := q.words(to.addr+4*i, []uint32{to.word}); fault != abi.OK {
				return fault
			}
		}
	}
	return errno
}

func queryNetkit(*querying) abi.Errno { return abi.EINVAL }

// summary writes the flags and how many programs there are.
func (q *querying) summary(found attached) abi.Errno {
	if errno := q.putWord(q.addr+progQueryAttachFlags, found.flags); errno != abi.OK {
		return errno
	}
	return q.putWord(q.addr+progQueryCount, uint32(len(found.progs)))
}

func (q *querying) putRevision(n uint64) abi.Errno {
	var word [8]byte
	binary.LittleEndian.PutUint64(word[:], n)
	return q.copyOut(q.addr+progQueryRevision, word[:])
}
