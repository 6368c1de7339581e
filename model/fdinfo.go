package model

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/bpfsim/bpfsim/abi"
)

// infoLine is a line of /proc/PID/fdinfo/FD. What an id is may have to be learned; how much memory a map takes is not known here: a
// comparison of kernels sees it.
type infoLine struct {
	name, value string
	object      *object // whose id the value is, nil for none
	any         bool
}

// FDInfo judges what fdinfo was seen to say of an fd, as far as it is about BPF, and gives the state after it; nil when it cannot say so,
// and why. s stays as it is. Nothing is compiled.
func (s *State) FDInfo(fd int32, text string) (next *State, why string) {
	f, _ := s.files.get(fd)
	next = s.fork()
	var lines []infoLine
	if f.serial != 0 {
		o := s.object(f.serial)
		if o.lost {
			return next, ""
		}
		lines = next.describe(o)
	}
	seen := strings.Split(text, "\n")
	if len(seen) != len(lines)+1 || seen[len(lines)] != "" {
		return nil, fmt.Sprintf("fdinfo of %d: want %d lines, saw %q", fd, len(lines), text)
	}
	for i, l := range lines {
		if !next.says(seen[i], l) {
			return nil, fmt.Sprintf("fdinfo of %d: want %s %q, saw %q", fd, l.name, l.value, seen[i])
		}
	}
	return next, ""
}

// says reports whether a line is l, and learns the id in it. Only for a state that nobody else has yet.
func (s *State) says(line string, l infoLine) bool {
	value, named := strings.CutPrefix(line, l.name+":\t")
	n, err := strconv.ParseUint(value, 10, 32)
	switch {
	case !named:
		return false
	case l.any:
		return err == nil
	case l.object == nil:
		return value == l.value
	}
	o := s.object(l.object.serial)
	if o.id == 0 && err == nil && s.possibleID(o, uint32(n)) {
		s.edit(o.serial).id = uint32(n)
		return true
	}
	return err == nil && o.id == uint32(n)
}

func numberLine(name string, n uint64) infoLine {
	return infoLine{name: name, value: strconv.FormatUint(n, 10)}
}

func (s *State) describe(o *object) []infoLine {
	switch o.class() {
	case ofBTF:
		return []infoLine{{name: "btf_id", object: o}}
	case ofProgs:
		return o.prog.describe(o)
	case ofLinks:
		return s.describeLink(o)
	case ofEvents, ofIters:
		return nil
	}
	return o.describeMap()
}

// describeMap is bpf_map_show_fdinfo in kernel/bpf/syscall.c.
func (o *object) describeMap() []infoLine {
	frozen := uint64(0)
	if o.frozen {
		frozen = 1
	}
	lines := []infoLine{
		numberLine("map_type", uint64(o.kind)), numberLine("key_size", uint64(o.keySize)), numberLine("value_size", uint64(o.valueSize)),
		numberLine("max_entries", uint64(o.maxEntries)), {name: "map_flags", value: fmt.Sprintf("%#x", o.flags)},
		{name: "map_extra", value: fmt.Sprintf("%#x", o.extra)}, {name: "memlock", any: true}, {name: "map_id", object: o},
		numberLine("frozen", frozen),
	}
	if o.programs.set {
		lines = append(lines, numberLine("owner_prog_type", uint64(o.programs.kind)), numberLine("owner_jited", 0))
	}
	return lines
}

// describe is bpf_prog_show_fdinfo. A program takes whole pages, with 96 bytes before its instructions (measured).
func (p *prog) describe(o *object) []infoLine {
	const page, head = 4096, 96
	return []infoLine{
		numberLine("prog_type", uint64(p.kind)), numberLine("prog_jited", 0), {name: "prog_tag", value: fmt.Sprintf("%x", p.tag())},
		numberLine("memlock", uint64((head+len(p.code)+page-1)/page*page)), {name: "prog_id", object: o}, numberLine("run_time_ns", 0),
		numberLine("run_cnt", 0), numberLine("recursion_misses", 0), numberLine("verified_insns", uint64(p.insns())),
	}
}

// describeLink is bpf_link_show_fdinfo.
func (s *State) describeLink(o *object) []infoLine {
	if o.link.tracepoint.name != "" {
		return s.describeTracepoint(o)
	}
	if o.link.iterates() {
		return s.describeIter(o)
	}
	if o.link.event != 0 {
		return s.describeEventLink(o)
	}
	p := s.object(o.link.prog)
	kind, words := o.link.told()
	lines := []infoLine{
		{name: "link_type", value: linkNames[kind]}, {name: "link_id", object: o}, {name: "prog_tag", value: fmt.Sprintf("%x", p.prog.tag())},
		{name: "prog_id", object: p},
	}
	at := numberLine("attach_type", uint64(o.link.at))
	switch kind {
	case abi.LinkCgroup:
		return append(lines, numberLine("cgroup_id", uint64(words[0])), at)
	case abi.LinkNetNS:
		return append(lines, numberLine("netns_ino", uint64(words[0])), at)
	case abi.LinkXDP:
		return append(lines, numberLine("ifindex", uint64(words[0])))
	case abi.LinkTCX:
		side := map[abi.AttachType]string{abi.AttachTCXIngress: "ingress", abi.AttachTCXEgress: "egress"}[o.link.at]
		return append(lines, numberLine("ifindex", uint64(words[0])), infoLine{name: "attach_type", value: fmt.Sprintf("%d (%s)", o.link.at, side)})
	}
	return append(lines, infoLine{name: "pf", value: fmt.Sprintf("%d\thooknum:\t%d\tprio:\t%d", words[0], words[1], int32(words[2]))})
}

var linkNames = map[abi.LinkType]string{
	abi.LinkCgroup: "cgroup", abi.LinkNetNS: "netns", abi.LinkXDP: "xdp", abi.LinkTCX: "tcx", abi.LinkNetfilter: "netfilter",
}

// describeTracepoint is bpf_raw_tp_link_show_fdinfo.
func (s *State) describeTracepoint(o *object) []infoLine {
	p := s.object(o.link.prog)
	return []infoLine{
		{name: "link_type", value: "raw_tracepoint"}, {name: "link_id", object: o}, {name: "prog_tag", value: fmt.Sprintf("%x", p.prog.tag())},
		{name: "prog_id", object: p}, {name: "tp_name", value: o.link.tracepoint.name}, numberLine("cookie", o.link.tracepoint.cookie),
	}
}
