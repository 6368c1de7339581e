package bpftest

import (
	"encoding/gob"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/btf"
	"github.com/bpfsim/bpfsim/fault"
	"github.com/bpfsim/bpfsim/intercept"
	"github.com/bpfsim/bpfsim/maps"
	"github.com/bpfsim/bpfsim/profile"
	"github.com/bpfsim/bpfsim/syscall"
)

// host has the kernel that answers the tests, and does what they ask of it.
type host struct {
	cpus   int
	types  func() *btf.BTF
	probes bpfsys.Probes // the types of events that sysfs tells the tests
	tests  int           // the process of the tests, 0 for this one
	shift  uint64        // by which its code lies elsewhere
	first  *machine      // before any test has a kernel
	booted atomic.Pointer[machine]
	watch  func(bpfsys.Call) func(bpfsys.Outcome) // of kernels booted from now on (bpfsys.Options.Watch)

	recorded sync.Map // the machines whose calls are recorded, by their kernels

	// Where tests are in this process:
	bpffs   string // the directory that stands for it
	tenants tenants
	stray   *machine // answers goroutines of no test
}

// machine is a kernel, the faults in it, and what stands for its programs.
type machine struct {
	first  *machine // nil for itself
	kernel *bpfsys.Kernel
	faults fault.Set
	runs   *runs
	calls  *recorder
	rings  records
	// recorded is nil where calls are not recorded.
	recorded *recorded
	mu       sync.Mutex
	rules    []*fault.Active
	// globals is locked while a test writes a part of a word.
	globals sync.Mutex
	// stoodFor are the names of programs that something stands for.
	stoodFor map[string]bool

	tenant tenant
	label  *label   // of the goroutines of a parallel test
	below  string   // the directory of its bpffs, below that of the process
	strays []string // calls that may have been of this test's; tenants has the lock
}

func newHost(cpus int, types func() *btf.BTF) *host {
	h := &host{cpus: cpus, types: types, probes: intercept.HostProbes()}
	h.first = h.newMachine(request{}, nil)
	h.booted.Store(h.first)
	h.stray = &machine{kernel: bpfsys.NewKernel(bpfsys.Options{CPUs: cpus, Fault: h.strayed})}
	return h
}

// newMachine boots the kernel that is asked for.
func (h *host) newMachine(q request, r *recorded) *machine {
	m := &machine{first: h.first, recorded: r, runs: newRuns(), calls: newRecorder(h.tests, h.shift), stoodFor: map[string]bool{}}
	m.kernel = bpfsys.NewKernel(r.options(bpfsys.Options{CPUs: h.cpus, Profile: profile.Of(q.Linux), Seed: q.Seed, Fault: m.faults.Fault, BTF: h.types, Probes: h.probes, Run: m.run,
		Watch: both(m.calls.watch, h.watch), PerfOpened: m.calls.noteEvent}))
	if r != nil {
		h.recorded.Store(m.kernel, m)
	}
	return m
}

func (h *host) current() *bpfsys.Kernel { return h.here().kernel }

// serve answers requests until the tests' process has ended.
func (h *host) serve(c net.Conn) {
	defer func() { h.booted.Load().runs.stop() }()
	defer c.Close()
	in, out := gob.NewDecoder(c), gob.NewEncoder(c)
	for {
		var q request
		if in.Decode(&q) != nil || out.Encode(h.answer(q)) != nil {
			return
		}
	}
}

// answer answers a request to the newest kernel, or begins with another one. Objects of the old one live on as long as they are open.
func (h *host) answer(q request) reply {
	switch q.Op {
	case opBoot:
	case opEndRecording:
		return reply{Problem: h.endRecording(h.booted.Load())}
	default:
		return h.booted.Load().answer(q)
	}
	r, err := h.record(q)
	if err != nil {
		return reply{Problem: err.Error()}
	}
	h.tests, h.shift = q.PID, q.Code-codeAddress()
	h.booted.Store(h.newMachine(q, r))
	return reply{}
}

func (m *machine) answer(q request) reply {
	if a, ok := m.program(q); ok {
		return a
	}
	switch q.Op {
	case opSubmit, opDiscard:
		begun := time.Now()
		a := m.rings.commit(q)
		m.calls.helped(q.helper(nil), q, a, begun)
		return a
	case opMade:
		return reply{Names: m.calls.named(q.Name)}
	case opTrace:
		m.calls.start()
		return reply{}
	case opCalls:
		return reply{Calls: m.calls.calls()}
	case opNextRun:
		return reply{Run: m.runs.next()}
	case opRan:
		m.runs.answer(uint64(q.N), q.Ran)
		return reply{}
	case opServeRuns:
		m.runs.start()
		return reply{}
	case opStopRuns:
		m.runs.stop()
		return reply{}
	case opCPUs:
		return reply{N: uint64(m.kernel.CPUs())}
	case opFail:
		return reply{N: uint64(m.fail(q.Rule))}
	case opHits:
		return reply{N: m.rule(q.N).Hits()}
	case opHeal:
		m.rule(q.N).End()
		return reply{}
	case opLive:
		return reply{Objects: m.live()}
	case opVariable, opGet, opSet:
		return m.variable(q)
	}
	found, problem := m.find(q.Map)
	if problem == "" {
		found, problem = m.hold(found)
	}
	if problem != "" {
		return reply{Problem: problem}
	}
	defer found.Release()
	if q.Op == opShape {
		return reply{Shape: shapeOf(found)}
	}
	if !q.fits(found) {
		return reply{Problem: fmt.Sprintf("map %q has other sizes now than when it was found: find it again", q.Map)}
	}
	begun := time.Now()
	a := m.helpAlone(found, q)
	m.calls.helped(q.helper(found), q, a, begun)
	return a
}

// fail adds a rule and returns its number.
func (m *machine) fail(r fault.Rule) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.rules = append(m.rules, m.faults.Add(r))
	return len(m.rules) - 1
}

func (m *machine) rule(number int) *fault.Active {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.rules[number]
}

// fits says whether key and value have the sizes of a map, which may be another than the request was made for.
func (q *request) fits(on *bpfsys.Map) bool {
	s := on.Spec()
	key, value := q.needs()
	return (!key || len(q.Key) == int(s.KeySize)) && (!value || len(q.Value) == int(s.ValueSize))
}

// needs tells whether the operation has a key and a value.
func (q *request) needs() (key, value bool) {
	return q.Op == opLookup || q.Op == opUpdate || q.Op == opDelete, q.Op == opUpdate || q.Op == opPush
}

// find finds the map with a name, as long as there is one only.
func (m *machine) find(name string) (found *bpfsys.Map, problem string) {
	var names []string
	for _, candidate := range m.kernel.Maps() {
		names = append(names, fmt.Sprintf("%q", candidate.Name()))
		if candidate.Name() != cutName(name) {
			continue
		}
		if found != nil {
			return nil, fmt.Sprintf("two maps are named %q, ids %d and %d", name, found.ID(), candidate.ID())
		}
		found = candidate
	}
	if found == nil {
		return nil, fmt.Sprintf("no map is named %q; there are: %s%s", name, listed(names), m.earlier("bpf-map", name))
	}
	return found, ""
}

// earlier says that an object with the name is of the kernel that was there before all tests.
func (m *machine) earlier(kind, name string) string {
	if m.first == nil || !slices.Contains(m.first.calls.named(kind), strconv.Quote(cutName(name))) {
		return ""
	}
	return ". One was made before bpftest.Kernel began with this one, as packages were initialised or in TestMain, and is of another kernel: " +
		"make it in the test"
}

// listed are names in their order, each once.
func listed(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	slices.Sort(names)
	return strings.Join(slices.Compact(names), ", ")
}

// hold takes a reference: the agent may close its last fd any moment.
func (m *machine) hold(found *bpfsys.Map) (*bpfsys.Map, string) {
	held, live := m.kernel.HoldMap(found.ID())
	if !live {
		return nil, fmt.Sprintf("map %q was closed just now", found.Name())
	}
	return held, ""
}

// cutName is a name as Linux keeps it: clients cut longer ones.
func cutName(name string) string { return name[:min(len(name), abi.NameLen-1)] }

func shapeOf(m *bpfsys.Map) shape {
	s := m.Spec()
	return shape{Type: s.Type, KeySize: int(s.KeySize), ValueSize: int(s.ValueSize), MaxEntries: int(s.MaxEntries), ID: int(m.ID()), CPUs: s.CPUs}
}

// help does what a BPF program on q.CPU would do with a helper.
func (m *machine) help(on *bpfsys.Map, q request) reply {
	h := bpfsys.Helpers{Task: &maps.Task{CPU: q.CPU}}
	elements := on.Elements()
	switch q.Op {
	case opLookup:
		return lookup(h.Task, elements, q.Key)
	case opUpdate:
		return reply{Errno: h.Update(elements, q.Key, q.Value, q.Flags)}
	case opDelete:
		return reply{Errno: h.Delete(elements, q.Key)}
	case opPush:
		return reply{Errno: h.Push(elements, q.Value, q.Flags)}
	case opPop:
		value := make([]byte, on.Spec().ValueSize)
		errno := h.Pop(elements, value)
		return reply{Errno: errno, Value: value}
	case opOutput, opReserve, opLose:
		return m.rings.do(h, on, q)
	}
	value := make([]byte, on.Spec().ValueSize)
	copy(value, q.Value) // what a Bloom filter is asked for
	errno := h.Peek(elements, value)
	return reply{Errno: errno, Value: value}
}

// lookup copies a value, or this CPU's part of one, and marks the element of an LRU map as used. A program gets the value's own memory; but
// the agent's calls run beside this one, and no lock keeps them away from that.
func lookup(t *maps.Task, m maps.Map, key []byte) reply {
	looker, ok := m.(maps.Lookuper)
	if !ok {
		return reply{Errno: abi.ENOTSUPP}
	}
	if _, lru := m.(maps.Evicter); lru {
		if _, found := m.(maps.LiveLookuper).LookupLive(t, key); !found {
			return reply{Errno: abi.ENOENT}
		}
	}
	value := make([]byte, m.ValueBytes())
	errno := looker.Lookup(t, key, value)
	if _, parts := m.(maps.PartLookuper); parts {
		part := (int(m.Spec().ValueSize) + 7) &^ 7
		value = value[part*t.CPU:][:m.Spec().ValueSize]
	}
	return reply{Errno: errno, Value: value}
}
