package bpfsys

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
)

// TraceProbe is a trace event that somebody defined by writing to kprobe_events or uprobe_events of tracefs.
type TraceProbe struct {
	ID           uint64
	Group, Name  string
	User         bool // in a file, otherwise in the kernel
	Return       bool
	Target       string // the function or the file
	Offset       uint64
	RefCtrOffset uint64 // of a semaphore in the file, 0 for none
	path         string // of the file as it was given
}

// traceProbe is one of a kernel's.
type traceProbe struct {
	TraceProbe
	users int // perf events
}

// traceProbes are those of a kernel, in the order in which they were defined.
type traceProbes struct {
	mu   sync.Mutex
	last uint64 // id
	all  []*traceProbe
}

// TraceProbes are all that are defined, in the order of their definition.
func (k *Kernel) TraceProbes() (all []TraceProbe) {
	k.probes.mu.Lock()
	defer k.probes.mu.Unlock()
	for _, p := range k.probes.all {
		all = append(all, p.TraceProbe)
	}
	return all
}

// String is the line that defines the probe.
func (p TraceProbe) String() string {
	kind, target := "p", fmt.Sprintf("%s+%d", p.Target, p.Offset)
	if p.Return {
		kind = "r"
	}
	if p.User {
		target = fmt.Sprintf("%s:0x%016x", p.path, p.Offset)
		if p.RefCtrOffset != 0 {
			target += fmt.Sprintf("(0x%x)", p.RefCtrOffset)
		}
	}
	return fmt.Sprintf("%s:%s/%s %s\n", kind, p.Group, p.Name, target)
}

// WriteProbes is write(2) to kprobe_events, or to uprobe_events where user is true: a definition a line, up to the first that is wrong.
// What is recorded of the arguments of a function is not looked at.
func (k *Kernel) WriteProbes(t *maps.Task, p *Process, user bool, text string) abi.Errno {
	c := k.begin(t, p)
	defer c.end()
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		if errno := c.writeProbe(user, words); errno != abi.OK {
			return errno
		}
	}
	return abi.OK
}

func (c *call) writeProbe(user bool, words []string) abi.Errno {
	kind, name, named := strings.Cut(words[0], ":")
	if user && kind != "-" && len(kind) > 1 { // what is behind the letter has no meaning
		kind, name, named = kind[:1], "", false
	}
	group, event, grouped := strings.Cut(name, "/")
	if !grouped {
		group, event = "", name
	}
	if kind == "-" {
		return c.kernel.probes.remove(user, group, event)
	}
	p := TraceProbe{User: user, Group: group, Name: event}
	if len(words) < 2 || grouped && group == "" || named && name == "" {
		return abi.EINVAL
	}
	if errno := p.setKind(kind); errno != abi.OK {
		return errno
	}
	errno := c.setTarget(&p, words[1])
	if errno != abi.OK {
		return errno
	}
	p.setName()
	if !isEventName(strings.ReplaceAll(p.Group, "-", "_")) || !isEventName(p.Name) {
		return abi.EINVAL
	}
	if slices.ContainsFunc(Tracepoints(), func(tp Tracepoint) bool { return tp.Group == p.Group && tp.Name == p.Name }) {
		return abi.EEXIST
	}
	return c.kernel.probes.add(p)
}

// mostActive is KRETPROBE_MAXACTIVE_MAX.
const mostActive = 4096

// setKind reads "p", "r" or, in the kernel, "r" and how many returns may be outstanding.
func (p *TraceProbe) setKind(kind string) abi.Errno {
	switch {
	case kind == "p":
	case kind == "r":
		p.Return = true
	case strings.HasPrefix(kind, "r") && !p.User:
		n, err := strconv.ParseUint(kind[1:], 0, 32)
		if err != nil || n > mostActive {
			return abi.EINVAL
		}
		p.Return = true
	default:
		return abi.EINVAL
	}
	return abi.OK
}

// setTarget finds what the probe is in.
func (c *call) setTarget(p *TraceProbe, word string) abi.Errno {
	if p.User {
		return c.setFile(p, word)
	}
	return c.setFunction(p, word)
}

// setFunction reads [MODULE:]SYMBOL[+OFFSET] (__trace_kprobe_create in kernel/trace/trace_kprobe.c).
func (c *call) setFunction(p *TraceProbe, word string) abi.Errno {
	if module, symbol, found := strings.Cut(word, ":"); found && module != "" {
		word = symbol
	}
	symbol, offset, found := strings.Cut(word, "+")
	if found {
		n, err := strconv.ParseUint(offset, 0, 64)
		if err != nil {
			return abi.EINVAL
		}
		p.Offset = n
	}
	if _, err := strconv.ParseUint(symbol, 0, 64); err == nil || p.Return && p.Offset != 0 {
		return abi.EINVAL
	}
	p.Target = symbol
	if _, exists := c.proc.host().Function(symbol); !exists {
		return abi.ENOENT
	}
	return abi.OK
}

// setFile reads PATH:OFFSET[(SEMAPHORE)] (__trace_uprobe_create in kernel/trace/trace_uprobe.c).
func (c *call) setFile(p *TraceProbe, word string) (errno abi.Errno) {
	at := strings.LastIndexByte(word, ':')
	if at < 0 || !strings.HasPrefix(word, "/") {
		return abi.EINVAL
	}
	p.path = word[:at]
	if p.Target, errno = c.proc.host().Executable(word[:at]); errno != abi.OK {
		return cmp.Or(map[abi.Errno]abi.Errno{abi.EBADF: abi.EINVAL}[errno], errno) // no regular file
	}
	offset, semaphore, has := strings.Cut(word[at+1:], "(")
	if has {
		digits, closed := strings.CutSuffix(semaphore, ")")
		n, err := strconv.ParseUint(digits, 0, 64)
		if !closed || err != nil {
			return abi.EINVAL
		}
		p.RefCtrOffset = n
	}
	if bare, isReturn := strings.CutSuffix(offset, "%return"); isReturn {
		offset, p.Return = bare, true
	}
	n, err := strconv.ParseUint(offset, 0, 64)
	if err != nil {
		return abi.EINVAL
	}
	p.Offset = n
	return abi.OK
}

// setName gives the probe the names that it has where none are given.
func (p *TraceProbe) setName() {
	kind, of, base := "p", "kprobes", fmt.Sprintf("%s_%d", p.Target, p.Offset)
	if p.Return && !p.User {
		kind = "r"
	}
	if p.User {
		of, base = "uprobes", fmt.Sprintf("%s_0x%x", p.Target[strings.LastIndexByte(p.Target, '/')+1:], p.Offset)
	}
	p.Group = cmp.Or(p.Group, of)
	if p.Name == "" {
		p.Name = strings.Map(func(r rune) rune {
			if isEventName("_" + string(r)) {
				return r
			}
			return '_'
		}, kind+"_"+base)
	}
}

// longestEventName is MAX_EVENT_NAME_LEN with the end.
const longestEventName = 64

// isEventName tells names of groups and events.
func isEventName(name string) bool {
	if name == "" || len(name) >= longestEventName || name[0] >= '0' && name[0] <= '9' {
		return false
	}
	return strings.IndexFunc(name, func(r rune) bool {
		return r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	}) < 0
}

// add defines an event, or a further place of one (append_trace_uprobe): it has the id of the first.
func (all *traceProbes) add(p TraceProbe) abi.Errno {
	all.mu.Lock()
	defer all.mu.Unlock()
	for _, other := range all.all {
		sameEvent := other.Group == p.Group && other.Name == p.Name
		samePlace := other.User == p.User && other.Target == p.Target && other.Offset == p.Offset
		switch {
		case sameEvent && (samePlace || other.User != p.User || other.Return != p.Return):
			return abi.EEXIST
		case samePlace && other.RefCtrOffset != p.RefCtrOffset:
			return abi.EINVAL
		case sameEvent:
			p.ID = other.ID
		}
	}
	if all.last == 0 {
		all.last = Tracepoints()[len(Tracepoints())-1].ID
	}
	if p.ID == 0 {
		all.last++
		p.ID = all.last
	}
	all.all = append(all.all, &traceProbe{TraceProbe: p})
	return abi.OK
}

// remove removes one event, or those of a group, or those of a name in any group.
func (all *traceProbes) remove(user bool, group, event string) abi.Errno {
	all.mu.Lock()
	defer all.mu.Unlock()
	fits := func(p *traceProbe) bool {
		return p.User == user && (group == "" || p.Group == group) && (event == "" || p.Name == event)
	}
	switch {
	case group == "" && event == "":
		return abi.EINVAL
	case !slices.ContainsFunc(all.all, fits):
		return abi.ENOENT
	case slices.ContainsFunc(all.all, func(p *traceProbe) bool { return fits(p) && p.users > 0 }):
		return abi.EBUSY
	}
	all.all = slices.DeleteFunc(all.all, fits)
	return abi.OK
}

// use finds the probe with an id for a perf event.
func (all *traceProbes) use(id uint64) *traceProbe {
	all.mu.Lock()
	defer all.mu.Unlock()
	for _, p := range all.all {
		if p.ID == id {
			p.users++
			return p
		}
	}
	return nil
}

// undefine ends what define began.
func (e *PerfEvent) undefine() {
	if e.defined == nil {
		return
	}
	all := &e.kernel.probes
	all.mu.Lock()
	defer all.mu.Unlock()
	e.defined.users--
	e.defined = nil
}

// define makes the event that of a probe which tracefs has an id for.
func (e *PerfEvent) define(p *traceProbe) {
	e.defined, e.target = p, p.Target
	e.attr.kind, e.attr.config2 = e.kernel.options.Probes.Kprobe, p.Offset
	if p.User {
		e.attr.kind = e.kernel.options.Probes.Uprobe
	}
	e.attr.config = p.RefCtrOffset << abi.PerfAttrRefCtrShift
	if p.Return {
		e.attr.config |= abi.PerfAttrProbeRetBit
	}
}
