package bpftest

import (
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/syscall"
)

// seat is a program that is attached, and where.
type seat struct {
	place   string
	program *bpfsys.Program
	cookie  uint64
	rule    verdictRule
}

// seats are all programs that are attached.
func (m *machine) seats() (all []seat) {
	for _, a := range m.kernel.Attachments() {
		if a.Point.At != abi.AttachPerfEvent { // its event has a name
			all = append(all, seatOf(a))
		}
	}
	for _, e := range m.kernel.PerfEvents() {
		if p, cookie := e.Program(); p != nil {
			all = append(all, seat{place: eventPlace(e), program: p, cookie: cookie, rule: allOdd})
		}
	}
	return all
}

func seatOf(a bpfsys.Attachment) seat {
	s := seat{place: placeOf(a.Point), program: a.Program, rule: ruleAt(a.Point.At)}
	if a.Point.Cgroup != 0 {
		s.rule = allAllow
	}
	return s
}

// sections are the section names of libbpf for attach types that have another name there.
var sections = map[abi.AttachType]string{
	abi.AttachTraceRawTP: "raw_tracepoint", abi.AttachTraceFEntry: "fentry", abi.AttachTraceFExit: "fexit", abi.AttachModifyReturn: "fmod_ret",
	abi.AttachLSMMac: "lsm", abi.AttachTraceIter: "iter", abi.AttachTCXIngress: "tcx/ingress", abi.AttachTCXEgress: "tcx/egress",
	abi.AttachNetkitPrimary: "netkit/primary", abi.AttachNetkitPeer: "netkit/peer",
	abi.AttachTraceKprobeMulti: "kprobe.multi", abi.AttachTraceKprobeSession: "kprobe.session",
	abi.AttachTraceUprobeMulti: "uprobe.multi", abi.AttachTraceUprobeSession: "uprobe.session",
}

// section is the name of an attach type in places.
func section(at abi.AttachType) string {
	if name, ok := sections[at]; ok {
		return name
	}
	return strings.ToLower(at.String())
}

// placeOf names a point.
func placeOf(p bpfsys.Point) string {
	name := section(p.At)
	switch {
	case p.Cgroup != 0:
		return fmt.Sprintf("%s/cgroup:%d", name, p.Cgroup)
	case p.Device != 0:
		return name + "/" + deviceName(p.Device)
	case p.Map != 0:
		return fmt.Sprintf("%s/map:%d", name, p.Map)
	case p.Name != "":
		return name + "/" + p.Name
	}
	return name
}

func deviceName(index uint32) string {
	device, err := net.InterfaceByIndex(int(index))
	if err != nil {
		return fmt.Sprint(index)
	}
	return device.Name
}

// eventPlace names a perf event.
func eventPlace(e *bpfsys.PerfEvent) string {
	target, _ := e.Target()
	tp, traced := e.Tracepoint()
	switch {
	case traced:
		return "tracepoint/" + tp.Group + "/" + tp.Name
	case e.IsKprobe() && e.IsReturn():
		return "kretprobe/" + target
	case e.IsKprobe():
		return "kprobe/" + target
	case e.IsUprobe() && e.IsReturn():
		return "uretprobe/" + target
	case e.IsUprobe():
		return "uprobe/" + target
	}
	return "perf_event"
}

// shorter are other spellings of sections that libbpf takes.
var shorter = map[string]string{"tp": "tracepoint", "raw_tp": "raw_tracepoint"}

// at are the programs that run at a place, in order.
func (m *machine) at(name string) (found []seat, problem string) {
	if first, rest, ok := strings.Cut(name, "/"); ok && shorter[first] != "" {
		name = shorter[first] + "/" + rest
	}
	if at, dir, ok := strings.Cut(name, "/"); ok && strings.HasPrefix(dir, "/") && strings.HasPrefix(at, "cgroup_") {
		return m.atCgroup(at, dir)
	}
	var places []string
	for _, s := range m.seats() {
		if s.place == name {
			found = append(found, s)
		}
		places = append(places, fmt.Sprintf("%q", s.place))
	}
	if len(found) == 0 {
		return nil, fmt.Sprintf("nothing is attached at %q; programs are at: %s", name, listed(places))
	}
	return found, ""
}

// atCgroup are the programs that run for a cgroup: those of the cgroups above it, too.
func (m *machine) atCgroup(section, dir string) (found []seat, problem string) {
	id, err := inodeOf(dir)
	if err != nil {
		return nil, fmt.Sprintf("find cgroup: %v", err)
	}
	at := slices.IndexFunc(attachTypes(), func(at abi.AttachType) bool { return strings.ToLower(at.String()) == section })
	if at < 0 {
		return nil, fmt.Sprintf("no programs are attached to cgroups as %q: want the name of an attach type, such as cgroup_inet_egress", section)
	}
	for _, a := range m.kernel.Attached(bpfsys.Point{At: abi.AttachType(at), Cgroup: id}) {
		found = append(found, seatOf(a))
	}
	if len(found) == 0 {
		return nil, fmt.Sprintf("no program runs at %s for the cgroup %s", section, dir)
	}
	return found, ""
}

func attachTypes() (all []abi.AttachType) {
	for at := range abi.NumAttachTypes {
		all = append(all, at)
	}
	return all
}
