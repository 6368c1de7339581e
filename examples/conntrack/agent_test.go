package conntrack

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/bpftest"
	"github.com/bpfsim/bpfsim/fault"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestMain(m *testing.M) { bpftest.Main(m, bpftest.CPUs(4), bpftest.Patched()) }

const idle = 30 * time.Second

// clock counts from when it is made, in virtual time where that is.
func clock() Clock {
	begin := time.Now()
	return func() time.Duration { return time.Since(begin) }
}

func flow(n byte) Flow {
	return Flow{Source: [4]byte{10, 0, 0, n}, Destination: [4]byte{10, 0, 0, 100}, SourcePort: 1000, DestinationPort: 443, Protocol: unix.IPPROTO_TCP}
}

func newTable(t testing.TB, most uint32) (*Table, path) {
	k := bpftest.Kernel(t)
	now := clock()
	table, err := NewTable(most, idle, now)
	require.NoError(t, err)
	t.Cleanup(func() { table.Close() })
	return table, path{k.Map("conntrack"), now}
}

// path is the data path of a Table: what its programs do.
type path struct {
	table *bpftest.Map
	now   Clock
}

// refresh is a packet of a connection that is known. It is one step: the program's write and the collector's deletion each have the bucket's lock.
func (p path) refresh(f Flow) error {
	return p.table.Update(f, Entry{uint64(p.now())}, uint64(abi.Exist))
}

// begin is a packet of a new connection.
func (p path) begin(f Flow) error {
	return p.table.Update(f, Entry{uint64(p.now())}, uint64(abi.NoExist))
}

func (p path) has(f Flow) bool { return p.table.Lookup(f, new(Entry)) == nil }

func TestIdleConnectionsGo(t *testing.T) {
	for name, collect := range map[string]func(*Table) error{"sweep": (*Table).Sweep, "take": (*Table).TakeIdle} {
		t.Run(name, func(t *testing.T) {
			table, path := newTable(t, 1024)
			later := time.Duration(0)
			now := table.Now
			table.Now = func() time.Duration { return now() + later }
			path.now = table.Now
			for n := range byte(200) {
				require.NoError(t, path.begin(flow(n)))
			}
			later = idle + time.Second
			for n := range byte(100) {
				require.NoError(t, path.refresh(flow(n)))
			}
			require.NoError(t, collect(table))
			for n := range byte(200) {
				require.Equal(t, n < 100, path.has(flow(n)), n)
			}
		})
	}
}

func TestGenerations(t *testing.T) {
	k := bpftest.Kernel(t)
	g, err := NewGenerations(16)
	require.NoError(t, err)
	t.Cleanup(func() { g.Close() })
	p := newGenerationsPath(k)
	require.Equal(t, added, p.packet(t, flow(1)))
	require.Equal(t, added, p.packet(t, flow(2)))
	for range 5 {
		require.NoError(t, g.Turn())
		require.Equal(t, known, p.packet(t, flow(1)))
	}
	require.Equal(t, added, p.packet(t, flow(2)), "it was idle")
}

func TestErrorsAreReported(t *testing.T) {
	k := bpftest.Kernel(t)
	g, err := NewGenerations(16)
	require.NoError(t, err)
	t.Cleanup(func() { g.Close() })
	k.Fail(fault.Rule{Cmd: abi.MapUpdateElem, Name: "ct_current", Nth: 1, Errno: abi.EBUSY})
	require.ErrorIs(t, g.Turn(), unix.EBUSY)
	require.NoError(t, g.Turn())

	k.Fail(fault.Rule{Cmd: abi.MapCreate, Name: "ct_1", Errno: abi.ENOMEM})
	_, err = NewGenerations(16)
	require.ErrorIs(t, err, unix.ENOMEM)
}

func TestCollectEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		collected := 0
		go func() { ended <- Collect(ctx, time.Second, func() error { collected++; return nil }) }()
		time.Sleep(3500 * time.Millisecond)
		stop()
		require.NoError(t, <-ended)
		require.Equal(t, 3, collected)
		require.ErrorIs(t, Collect(t.Context(), time.Second, func() error { return unix.EBUSY }), unix.EBUSY)
	})
}
