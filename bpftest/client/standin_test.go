package client

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/bpfsim/bpfsim/bpftest"
	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/link"
	"github.com/cilium/ebpf/perf"
	"github.com/stretchr/testify/require"
)

// counter is a program on packets that holds a map.
func counter(t testing.TB, m *ebpf.Map) *ebpf.Program {
	p, err := ebpf.NewProgram(&ebpf.ProgramSpec{Name: "count", Type: ebpf.XDP, License: "GPL",
		Instructions: asm.Instructions{asm.LoadMapPtr(asm.R1, m.FD()), asm.LoadImm(asm.R0, 0, asm.DWord), asm.Return()}})
	require.NoError(t, err)
	t.Cleanup(func() { p.Close() })
	return p
}

// The library's own ways to run a program run what stands for it, in which the library itself may be called.
func TestProgramRunsStandIn(t *testing.T) {
	k := bpftest.Kernel(t)
	m := newMap(t, ebpf.MapSpec{Name: "counts", Type: ebpf.Hash, KeySize: 4, ValueSize: 8, MaxEntries: 4})
	p := counter(t, m)
	_, _, err := p.Test(make([]byte, 14))
	require.ErrorIs(t, err, ebpf.ErrNotSupported, "nothing stands for it yet")

	k.StandIn("count", func(c *bpftest.Context) int {
		var n uint64
		_ = m.Lookup(uint32(0), &n)
		if c.Map("counts").Put(uint32(0), n+1) != nil {
			return 0
		}
		c.Data[0] = 0xff
		return 2
	})
	ret, out, err := p.Test(make([]byte, 14))
	require.NoError(t, err)
	require.EqualValues(t, 2, ret)
	require.Equal(t, append([]byte{0xff}, make([]byte, 13)...), out)

	md := make([]byte, 24)
	binary.NativeEndian.PutUint32(md[4:], 14)
	ret, err = p.Run(&ebpf.RunOptions{Data: make([]byte, 14), Context: md, Repeat: 4})
	require.NoError(t, err)
	require.EqualValues(t, 2, ret)
	var n uint64
	require.NoError(t, m.Lookup(uint32(0), &n))
	require.EqualValues(t, 5, n)
	require.Equal(t, 2, k.Prog("count").Fire(make([]byte, 14)))
}

// A reader of perf events gets samples and hears of those that were lost.
func TestPerfReaderHearsOfLosses(t *testing.T) {
	k := bpftest.Kernel(t)
	events, err := ebpf.NewMap(&ebpf.MapSpec{Name: "events", Type: ebpf.PerfEventArray})
	require.NoError(t, err)
	defer events.Close()
	reader, err := perf.NewReader(events, 4096)
	require.NoError(t, err)
	defer reader.Close()
	program := k.Map("events").OnCPU(1)
	require.NoError(t, program.PerfOutput([]byte("first")))
	program.Lose(2)
	require.Error(t, program.PerfOutput([]byte("second")))
	require.Error(t, program.PerfOutput([]byte("third")))
	require.NoError(t, program.PerfOutput([]byte("fourth")))
	var got []string
	for range 3 {
		record, err := reader.Read()
		require.NoError(t, err)
		require.Equal(t, 1, record.CPU)
		if record.LostSamples > 0 {
			require.EqualValues(t, 2, record.LostSamples)
			got = append(got, "lost")
			continue
		}
		sample, _, _ := bytes.Cut(record.RawSample, []byte{0})
		got = append(got, string(sample))
	}
	require.Equal(t, []string{"first", "lost", "fourth"}, got)
}

// On either road a trace has the library's calls.
func TestTraceOfTheLibrary(t *testing.T) {
	k := bpftest.Kernel(t)
	calls := k.Trace()
	m := newMap(t, ebpf.MapSpec{Name: "ct", Type: ebpf.Hash, KeySize: 4, ValueSize: 4, MaxEntries: 4})
	require.NoError(t, m.Put(uint32(1), uint32(2)))
	text := calls.String()
	require.Contains(t, text, `map_name="ct"`)
	require.Regexp(t, `BPF_MAP_UPDATE_ELEM, \{map_fd=\d+, key="\\1\\0\\0\\0", value="\\2\\0\\0\\0", flags=BPF_ANY\}, \d+\) = 0\n`, text)
	require.Equal(t, 1, strings.Count(text, "BPF_MAP_UPDATE_ELEM, {map_fd="))
}

// complaints notes what is said of a test instead of failing one.
type complaints struct {
	testing.TB
	said     []string
	fatal    string
	cleanups []func()
}

// Fatalf leaves by a panic.
func (c *complaints) Fatalf(format string, args ...any) {
	c.fatal = fmt.Sprintf(format, args...)
	panic(c.fatal)
}

func (c *complaints) Helper()          {}
func (c *complaints) Cleanup(f func()) { c.cleanups = append(c.cleanups, f) }
func (c *complaints) Errorf(format string, args ...any) {
	c.said = append(c.said, strings.ReplaceAll(format, "%s", "@")+" "+sprint(args))
}

func sprint(args []any) string {
	var b strings.Builder
	for _, a := range args {
		if text, ok := a.(string); ok {
			b.WriteString(text)
		}
	}
	return b.String()
}

// One attachment is one place.
func TestAttachedOnce(t *testing.T) {
	k := bpftest.Kernel(t)
	p, err := ebpf.NewProgram(&ebpf.ProgramSpec{Name: "handle_exec", Type: ebpf.TracePoint, License: "GPL",
		Instructions: asm.Instructions{asm.LoadImm(asm.R0, 0, asm.DWord), asm.Return()}})
	require.NoError(t, err)
	defer p.Close()
	tp, err := link.Tracepoint("sched", "sched_process_exec", p, nil)
	require.NoError(t, err)
	defer tp.Close()
	require.Equal(t, []string{"tracepoint/sched/sched_process_exec"}, k.Attached())
	require.Equal(t, k.Attached(), k.Prog("handle_exec").Attached())
}

// What leaks is named with the line that made it: not of the library, but of who called it.
func TestLeakOfTheLibrary(t *testing.T) {
	c := &complaints{TB: t}
	bpftest.Kernel(c)
	m, err := ebpf.NewMap(&ebpf.MapSpec{Name: "leaked", Type: ebpf.Hash, KeySize: 4, ValueSize: 4, MaxEntries: 4})
	require.NoError(t, err)
	for i := range c.cleanups {
		c.cleanups[len(c.cleanups)-1-i]()
	}
	require.NoError(t, m.Close())
	require.Len(t, c.said, 1)
	require.Regexp(t, `map "leaked" \(HASH, id \d+\), made at \S+/standin_test.go:\d+,`, c.said[0])
}

// What stands for a program takes its steps among those of others, whoever has it run.
func TestExploreStandIn(t *testing.T) {
	for name, fire := range map[string]func(*testing.T, *bpftest.Handle, *ebpf.Program){
		"fired": func(_ *testing.T, k *bpftest.Handle, _ *ebpf.Program) { k.Prog("count").Fire(make([]byte, 14)) },
		"tested": func(t *testing.T, _ *bpftest.Handle, p *ebpf.Program) {
			if _, _, err := p.Test(make([]byte, 14)); err != nil {
				t.Error(err)
			}
		},
	} {
		t.Run(name, func(outer *testing.T) {
			found := bpftest.Search(outer, bpftest.ExploreOptions{Budget: 500}, func(t *bpftest.T) {
				k := bpftest.Kernel(t)
				m := newMap(t, ebpf.MapSpec{Name: "counts", Type: ebpf.Array, KeySize: 4, ValueSize: 8, MaxEntries: 1})
				p, err := ebpf.NewProgram(&ebpf.ProgramSpec{Name: "count", Type: ebpf.XDP, License: "GPL",
					Instructions: asm.Instructions{asm.LoadImm(asm.R0, 0, asm.DWord), asm.Return()}})
				require.NoError(t, err)
				t.Cleanup(func() { p.Close() })
				k.StandIn("count", func(c *bpftest.Context) int {
					var n uint64
					_ = c.Map("counts").Lookup(uint32(0), &n)
					_ = c.Map("counts").Put(uint32(0), n+1)
					return 2
				})
				var packets sync.WaitGroup
				for range 2 {
					packets.Go(func() { fire(outer, k, p) })
				}
				packets.Wait()
				var n uint64
				require.NoError(t, m.Lookup(uint32(0), &n))
				require.EqualValues(t, 2, n)
			})
			require.NotNil(outer, found.Failure)
			require.Contains(outer, found.Failure.Message, "expected: int(2)")
			outer.Log(found)
		})
	}
}
