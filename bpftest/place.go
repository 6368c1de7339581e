package bpftest

import (
	"fmt"
	"slices"

	"github.com/bpfsim/bpfsim/abi"
)

// Place is where programs are attached.
type Place struct {
	k     *Handle
	name  string
	cpu   int
	progs []progShape // in the order in which they run
	rule  verdictRule
}

// attachedProg is a program at a place.
type attachedProg struct {
	Prog  uint32 // id
	Name  string
	Place string
}

// Attached are all places where programs are attached, each once, as At takes them.
func (k *Handle) Attached() (places []string) {
	k.t.Helper()
	for _, a := range k.do(request{Op: opAttached}).Attached {
		if !slices.Contains(places, a.Place) {
			places = append(places, a.Place)
		}
	}
	return places
}

// At is the place with a name, which is the section name that libbpf has for programs there, and what it is at:
//
//	tracepoint/sched/sched_process_exec    raw_tracepoint/sched_switch    fentry/do_unlinkat
//	kprobe/do_unlinkat    kretprobe/do_unlinkat    uprobe//usr/bin/bash    kprobe.multi    perf_event
//	xdp/eth0    tcx/ingress/eth0    tcx/egress/eth0    sk_lookup    netfilter
//	cgroup_inet_egress//sys/fs/cgroup/service    (any type of attachment to a cgroup, in lower case)
//
// The test ends where nothing is attached.
func (k *Handle) At(name string) *Place {
	k.t.Helper()
	a := k.await("find what is attached", request{Op: opAt, Name: name})
	return &Place{k: k, name: name, progs: a.Progs, rule: a.Rule}
}

// Programs are the names of the programs at the place, in the order in which they run.
func (p *Place) Programs() (names []string) {
	for _, s := range p.progs {
		names = append(names, s.Name)
	}
	return names
}

// OnCPU is the place as it is reached on another CPU. It begins with CPU 0.
func (p *Place) OnCPU(cpu int) *Place {
	p.k.t.Helper()
	other := *p
	other.cpu = p.k.checkCPU(fmt.Sprintf("place %q", p.name), cpu)
	return &other
}

// Fire has the event happen: what stands for each program runs, in order, on the same context and packet (Prog.Fire), as long as Linux would
// go on. It returns what Linux makes of their results:
//
//   - tcx: programs run until one returns something else than TCX_NEXT (-1), which is the result where it is a verdict
//   - cgroups: all run, and the result is 0 if one returned 0, else 1
//   - netfilter: programs run until one does not return NF_ACCEPT (1)
//   - lsm and fmod_ret: programs run until one does not return 0
//   - sk_lookup: all run, and the result is 1 (SK_PASS) if all returned it, else 0
//   - tracepoints, probes and perf events: all run, and the result is 1 if all returned odd numbers, else 0
//   - elsewhere all run, and the result is the last one's
func (p *Place) Fire(input any) int {
	p.k.t.Helper()
	v := verdict{rule: p.rule}
	var c *Context
	for _, s := range p.progs {
		prog := &Prog{k: p.k, cpu: p.cpu, shape: s}
		in := p.k.standIns.find(s.Name)
		if in == nil {
			p.k.t.Fatalf("bpftest: fire %s: nothing stands for program %q, which is attached there: give it a function with StandIn", p.name, s.Name)
			return 0
		}
		if c == nil {
			var err error
			if c, err = prog.context(input); err != nil {
				p.k.t.Fatalf("bpftest: fire %s: %v", p.name, err)
			}
		}
		c.prog = prog
		if v.add(in.fire(p.k.t, c)) {
			break
		}
	}
	return v.result
}

// verdictRule is what is made of the results of several programs.
type verdictRule uint8

const (
	lastResult    verdictRule = iota
	untilNotNext              // tcx_run in net/core/dev.c
	allAllow                  // bpf_prog_run_array_cg in kernel/bpf/cgroup.c
	untilNoAccept             // nf_hook_slow in net/netfilter/core.c
	untilNotZero              // LSM hooks, and functions whose return values are modified
	allPass                   // BPF_PROG_SK_LOOKUP_RUN_ARRAY in include/linux/filter.h
	allOdd                    // bpf_prog_run_array in include/linux/bpf.h
)

// verdict is what programs have come to so far.
type verdict struct {
	rule   verdictRule
	ran    int
	result int
}

// add tells the next program's result; done means that no further one runs.
func (v *verdict) add(value int) (done bool) {
	first := v.ran == 0
	v.ran++
	switch v.rule {
	case untilNotNext:
		v.result = tcxVerdict(value)
		return value != tcxNext
	case allAllow, allPass, allOdd:
		value &= 1
		if !first {
			value &= v.result
		}
		v.result = value
	case untilNoAccept:
		v.result = value
		return value != accept
	case untilNotZero:
		v.result = value
		return value != 0
	default:
		v.result = value
	}
	return false
}

const (
	tcxNext = -1
	accept  = 1 // NF_ACCEPT
)

// tcxVerdict is what tcx takes for one (tcx_action_code in include/net/tcx.h).
func tcxVerdict(value int) int {
	const pass, drop, redirect = 0, 2, 7
	switch value {
	case pass, drop, redirect:
		return value
	}
	return tcxNext
}

// ruleAt is the rule at an attach type.
func ruleAt(at abi.AttachType) verdictRule {
	switch at {
	case abi.AttachTCXIngress, abi.AttachTCXEgress, abi.AttachNetkitPrimary, abi.AttachNetkitPeer:
		return untilNotNext
	case abi.AttachNetfilter:
		return untilNoAccept
	case abi.AttachLSMMac, abi.AttachModifyReturn:
		return untilNotZero
	case abi.AttachSKLookup:
		return allPass
	}
	return lastResult
}
