package bpftest

import (
	"os"
	"runtime/debug"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
	"github.com/bpfsim/bpfsim/recording"
	"github.com/bpfsim/bpfsim/syscall"
)

// recorded is the recording of a machine's calls.
type recorded struct {
	*recording.Recorder
	to *recording.Writer
}

// record begins the recording that is asked for; nil for none.
func (h *host) record(q request) (*recorded, error) {
	if q.Record == "" {
		return nil, nil
	}
	header := recording.NewHeader()
	header.Bpfsim, header.CPUs, header.Command = ownVersion(), h.cpus, []string{q.Package, q.Name}
	header.Caps, header.UID, header.BPFFS = bpfsys.Root, uint32(os.Getuid()), q.BPFFS
	header.Probes, header.Types = h.probes, recording.HashTypes(h.types())
	if q.Linux != abi.Latest {
		header.Linux = q.Linux.String()
	}
	w, err := recording.Create(q.Record, header)
	if err != nil {
		return nil, err
	}
	return &recorded{recording.NewRecorder(w, nil), w}, nil
}

// module is the path of this module.
const module = "github.com/bpfsim/bpfsim"

// ownVersion is the version of bpfsim that the tests are built with.
func ownVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, m := range info.Deps {
		if m.Path == module {
			return m.Version
		}
	}
	return info.Main.Version
}

// recorderOf is who writes down the calls that a kernel answers, nil for nobody.
func (h *host) recorderOf(k *bpfsys.Kernel) *recording.Recorder {
	if m, ok := h.recorded.Load(k); ok {
		return m.(*machine).recorded.Recorder
	}
	return nil
}

// options have a machine's kernel recorded.
func (r *recorded) options(o bpfsys.Options) bpfsys.Options {
	if r == nil {
		return o
	}
	watch, opened := o.Watch, o.PerfOpened
	o.ZeroSeeds, o.Now, o.Run = true, r.Now, r.Recorder.Run(o.Run)
	o.Watch = func(c bpfsys.Call) func(bpfsys.Outcome) {
		c.Process = recording.Beneath(c.Process)
		return watch(c)
	}
	o.PerfOpened = func(p *bpfsys.Process, e *bpfsys.PerfEvent) { opened(recording.Beneath(p), e) }
	return o
}

// endRecording ends a machine's recording. The problem is the first that it met.
func (h *host) endRecording(m *machine) (problem string) {
	if m.recorded == nil {
		return ""
	}
	h.recorded.Delete(m.kernel)
	if err := m.recorded.to.Close(); err != nil {
		return err.Error()
	}
	return ""
}

// helpAlone is help, in a turn of its own where calls are recorded.
func (m *machine) helpAlone(on *bpfsys.Map, q request) (a reply) {
	if m.recorded == nil {
		return m.help(on, q)
	}
	m.recorded.Help(on, func() (recording.Help, bool) {
		a = m.help(on, q)
		return recordedHelp(on, q, a)
	})
	if putsRecord(q.Op) {
		m.recorded.Beside(q.helper(on))
	}
	return a
}

// putsRecord tells the operations on records of ring and perf buffers.
func putsRecord(op operation) bool { return op == opOutput || op == opReserve }

// recordedHelp is what a helper changed; false where it changed nothing.
func recordedHelp(on *bpfsys.Map, q request, a reply) (recording.Help, bool) {
	h := recording.Help{CPU: q.CPU, Flags: q.Flags, Key: q.Key, Value: q.Value}
	switch q.Op {
	case opLookup:
		_, used := on.Elements().(maps.Evicter)
		h.Op, h.Value = recording.HelpLookup, nil
		return h, used && a.Errno == abi.OK
	case opUpdate:
		h.Op = recording.HelpUpdate
	case opDelete:
		h.Op, h.Value = recording.HelpDelete, nil
	case opPush:
		h.Op, h.Key = recording.HelpPush, nil
	case opPop:
		h.Op, h.Key, h.Value = recording.HelpPop, nil, a.Value
	default:
		return h, false
	}
	return h, a.Errno == abi.OK && a.Problem == ""
}

// setAlone sets a variable in a turn of its own. It is recorded as an update of the map's only element.
func (m *machine) setAlone(g global, live maps.Live, value []byte) {
	set := func() {
		m.globals.Lock()
		defer m.globals.Unlock()
		g.write(live, value)
	}
	if m.recorded == nil {
		set()
		return
	}
	m.recorded.Help(g.on, func() (recording.Help, bool) {
		set()
		return recording.Help{Op: recording.HelpUpdate, Key: make([]byte, g.on.Spec().KeySize), Value: g.all(live)}, true
	})
}
