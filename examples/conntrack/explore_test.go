package conntrack

import (
	_ "embed"
	"encoding/binary"
	"flag"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/bpfsim/bpfsim/bpftest"
	"github.com/stretchr/testify/require"
)

//go:embed README.md
var readme string

// show has stories say which connection it is.
func show(name string, key, value []byte) string {
	var f Flow
	if _, err := binary.Decode(key, binary.NativeEndian, &f); err != nil || name == "ct_current" {
		return ""
	}
	if value == nil {
		return f.String()
	}
	return f.String() + " seen " + time.Duration(binary.NativeEndian.Uint64(value)).String()
}

// collector is a way of a Table to collect.
type collector func(*Table) error

// agent is a body: the agent runs as it does always; a connection falls idle, and then packets of it come, just when the agent collects. A packet that the
// program takes for one of a known connection must have left an entry behind, which the next one finds.
func agent(collect collector, most uint32, packets int) func(*bpftest.T) {
	return func(t *bpftest.T) {
		table, path := newTable(t, most)
		require.NoError(t, path.begin(flow(1)))
		t.Go("agent", func() {
			require.NoError(t, Collect(t.Context(), idle+time.Second, func() error { return collect(table) }))
		})
		time.Sleep(idle + time.Second) // the ticker's first tick comes now, too
		live := false
		for range packets {
			err := path.refresh(flow(1))
			if live {
				require.NoError(t, err, "a packet of a live connection")
			}
			live = err == nil
		}
		time.Sleep(time.Second)
		require.Equal(t, live, path.has(flow(1)), "a live connection is in the table, an idle one is not")
	}
}

// wants holds a failure's story against patterns, a line each, which must come in this order.
func wants(t *testing.T, f *bpftest.Failure, patterns ...string) {
	t.Helper()
	require.NotNil(t, f)
	t.Log(f)
	at := 0
	for _, line := range f.Story {
		if at < len(patterns) && regexp.MustCompile(patterns[at]).MatchString(line) {
			at++
		}
	}
	require.Equal(t, len(patterns), at, "no line is %q", append(patterns, "")[at])
	require.LessOrEqual(t, len(f.Story), len(patterns)+3, "what is not needed was left out")
}

const one = `10.0.0.1:1000->10.0.0.100:443`

// cilium/cilium#46298, cilium/cilium#46750: an entry is refreshed between the collector's look at it and its deletion.
func TestSweepLosesALiveConnection(t *testing.T) {
	body := agent((*Table).Sweep, 4, 1)
	found := bpftest.Search(t, bpftest.ExploreOptions{Show: show}, body)
	wants(t, found.Failure,
		`^agent +starts +explore_test.go:\d+$`,
		`^agent +lookup_batch conntrack `+one+` seen 0s, the end +table.go:\d+$`,
		`^body +update conntrack `+one+` seen 31s +\w+_test.go:\d+$`,
		`^agent +delete_batch conntrack `+one+` +table.go:\d+$`,
		`^body +lookup conntrack `+one+`: ENOENT`)
	require.Contains(t, found.Failure.Message, "a live connection is in the table")
	require.Contains(t, readme, strings.Join(found.Failure.Story, "\n"))
	require.Less(t, found.Elapsed, time.Minute)

	require.NoError(t, flag.Set("bpftest.replay", found.Failure.Replay))
	defer flag.Set("bpftest.replay", "")
	again := bpftest.Search(t, bpftest.ExploreOptions{Show: show}, body)
	require.Equal(t, found.Failure.Story, again.Failure.Story)
}

// Looking once more keeps what is live, in the end and where there is room.
func TestTakeIdleKeepsLiveConnections(t *testing.T) {
	bpftest.Explore(t, bpftest.ExploreOptions{Show: show, Bound: bpftest.Unbounded}, agent((*Table).TakeIdle, 4, 1))
}

// But a packet may come while its entry is out.
func TestTakeIdleLosesThemForAMoment(t *testing.T) {
	found := bpftest.Search(t, bpftest.ExploreOptions{Show: show, Bound: 4}, agent((*Table).TakeIdle, 4, 2))
	wants(t, found.Failure, `^agent +lookup_batch`, `^body +update .* seen 31s`, `^agent +lookup_and_delete .* seen 31s`, `^body +update .*ENOENT`)
}

// And what was taken out may find no room any more, in a table that is full.
func TestTakeIdleFindsNoRoom(t *testing.T) {
	found := bpftest.Search(t, bpftest.ExploreOptions{Show: show, Bound: 3}, func(t *bpftest.T) {
		table, path := newTable(t, 1)
		require.NoError(t, path.begin(flow(1)))
		time.Sleep(idle + time.Second)
		t.Go("xdp", func() {
			live := path.refresh(flow(1)) == nil
			other := path.begin(flow(2)) == nil
			require.False(t, live && other, "a live connection gave way to a new one")
		})
		require.NoError(t, table.TakeIdle())
	})
	wants(t, found.Failure, `lookup_batch`, `^xdp +update .*`+one, `lookup_and_delete`, `^xdp +update .*10.0.0.2`)
}

// turn is how long a generation lasts.
const turn = 30 * time.Second

// generations is a body in which packets of a connection come again and again, some of them just when a generation begins.
func generations(gap time.Duration, packets int) func(*bpftest.T) {
	return func(t *bpftest.T) {
		k := bpftest.Kernel(t)
		g, err := NewGenerations(4)
		require.NoError(t, err)
		t.Cleanup(func() { g.Close() })
		p := newGenerationsPath(k)
		require.Equal(t, added, p.packet(t, flow(1)))
		t.Go("agent", func() { require.NoError(t, Collect(t.Context(), turn, g.Turn)) })
		for range packets {
			time.Sleep(gap)
			require.Equal(t, known, p.packet(t, flow(1)), "a live connection")
		}
	}
}

// No order of calls with up to two preemptions loses a connection whose packets come more often than generations do.
func TestGenerationsLoseNothing(t *testing.T) {
	found := bpftest.Search(t, bpftest.ExploreOptions{Show: show, Bound: 2}, generations(turn/2, 4))
	require.Nil(t, found.Failure, "%v", found)
	require.True(t, found.All, "%v", found)
	t.Log(found)
}

// One whose packets come just as often may be lost: two generations may begin between two packets.
func TestGenerationsAreLongerThanAPacketMayBeAway(t *testing.T) {
	found := bpftest.Search(t, bpftest.ExploreOptions{Show: show}, generations(turn, 3))
	require.NotNil(t, found.Failure)
	require.Contains(t, found.Failure.Message, "a live connection")
}
