package execs

import (
	_ "embed"
	"encoding/binary"
	"flag"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bpfsim/bpfsim/bpftest"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

//go:embed README.md
var readme string

func TestMain(m *testing.M) { bpftest.Main(m, bpftest.CPUs(2), bpftest.Patched()) }

// programs are what the agent's BPF programs do on a CPU.
type programs struct {
	t      testing.TB
	key    Keys
	table  *bpftest.Map
	events *bpftest.Map
}

func (p programs) start(process Process, name string) {
	var n Name
	copy(n[:], name)
	require.NoError(p.t, p.table.Put(p.key(process), n))
	require.NoError(p.t, p.events.Output(Event{Process: process}, 0))
}

// end leaves the entry to the agent, unless that will not hear of it.
func (p programs) end(process Process) {
	if p.events.Output(Event{Process: process, Ended: 1}, 0) != nil {
		require.NoError(p.t, p.table.Delete(p.key(process)))
	}
}

// show has stories say which process it is.
func show(_ string, key, value []byte) string {
	var e Event
	if key == nil {
		if _, err := binary.Decode(value, binary.NativeEndian, &e); err != nil {
			return ""
		}
		return fmt.Sprintf("%s of pid %d of %v", map[uint64]string{0: "start", 1: "end"}[e.Ended], e.PID, time.Duration(e.Start))
	}
	pid := fmt.Sprintf("pid %d", binary.NativeEndian.Uint32(key))
	if value == nil {
		return pid
	}
	return pid + " = " + Name(value).String()
}

// reuse is a body: while the agent runs, a number is given out twice.
func reuse(key Keys, size uint32) func(*bpftest.T) {
	return func(t *bpftest.T) {
		k := bpftest.Kernel(t)
		agent, err := NewAgent(key, 4, size)
		require.NoError(t, err)
		p := programs{t, key, k.Map("processes"), k.Map("events")}
		first, second := Process{PID: 7, Start: 1}, Process{PID: 7, Start: 2}
		t.Go("cpu", func() {
			p.start(first, "sh")
			p.end(first)
			time.Sleep(10 * time.Millisecond)
			p.start(second, "ls")
		})
		var names []string
		ended := make(chan error, 1)
		t.Go("agent", func() { ended <- agent.Run(func(_ Process, name Name) { names = append(names, name.String()) }) })
		time.Sleep(time.Second)
		require.NoError(t, agent.Close())
		require.NoError(t, <-ended)
		require.Equal(t, []string{"sh", "ls"}, names)
	}
}

// The end of a process is handled when the next one of the same number is in the table: its entry is removed.
func TestNumbersAreUsedAgain(t *testing.T) {
	body := reuse(ByPID, 4096)
	found := bpftest.Search(t, bpftest.ExploreOptions{Show: show}, body)
	require.NotNil(t, found.Failure, "%v", found)
	t.Log(found)
	require.Contains(t, found.Failure.Message, `actual  : []string{"sh", ""}`)
	require.Contains(t, readme, strings.Join(found.Failure.Story, "\n"))

	require.NoError(t, flag.Set("bpftest.replay", found.Failure.Replay))
	defer flag.Set("bpftest.replay", "")
	again := bpftest.Search(t, bpftest.ExploreOptions{Show: show}, body)
	require.Equal(t, found.Failure.Story, again.Failure.Story)
}

// Keys that are never used again lose nothing, in every order with up to one preemption.
func TestStartsTellThemApart(t *testing.T) {
	found := bpftest.Search(t, bpftest.ExploreOptions{Show: show, Bound: 1, Budget: 1000}, reuse(ByStart, 4096))
	require.Nil(t, found.Failure, "%v", found)
	require.True(t, found.All, "%v", found)
	t.Log(found)
}

// What the agent does not hear of, as the ring is full, it does not remove.
func TestEndsMayBeLost(t *testing.T) {
	bpftest.Explore(t, bpftest.ExploreOptions{Show: show}, func(t *bpftest.T) {
		k := bpftest.Kernel(t)
		agent, err := NewAgent(ByStart, 4, 4096)
		require.NoError(t, err)
		p := programs{t, ByStart, k.Map("processes"), k.Map("events")}
		process := Process{PID: 7, Start: 1}
		t.Go("cpu", func() {
			p.start(process, "sh")
			k.Map("events").Lose(1)
			p.end(process)
		})
		ended := make(chan error, 1)
		t.Go("agent", func() { ended <- agent.Run(func(Process, Name) {}) })
		time.Sleep(time.Second)
		require.ErrorIs(t, k.Map("processes").Lookup(process, new(Name)), unix.ENOENT)
		require.NoError(t, agent.Close())
		require.NoError(t, <-ended)
	})
}

// The agent, with its reader, on whichever road, without exploring.
func TestProcessesAreNamed(t *testing.T) {
	k := bpftest.Kernel(t)
	agent, err := NewAgent(ByPID, 4, 4096)
	require.NoError(t, err)
	p := programs{t, ByPID, k.Map("processes"), k.Map("events")}
	names := make(chan string, 1)
	ended := make(chan error, 1)
	go func() { ended <- agent.Run(func(_ Process, name Name) { names <- name.String() }) }()
	p.start(Process{PID: 7, Start: 1}, "sh")
	require.Equal(t, "sh", <-names)
	p.end(Process{PID: 7, Start: 1})
	require.Eventually(t, func() bool { return p.table.Lookup(Process{PID: 7}, new(Name)) != nil }, 10*time.Second, time.Millisecond)
	require.NoError(t, agent.Close())
	require.NoError(t, <-ended)
}
