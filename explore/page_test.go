package explore_test

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/explore"
	"github.com/stretchr/testify/require"
)

func pageOf(t *testing.T, text, line string) string {
	t.Helper()
	var page bytes.Buffer
	require.NoError(t, explore.WritePage(&page, scenario(t, text), line))
	return page.String()
}

// timeline is what the page's script works on.
type timeline struct {
	Buckets []string
	Maps    [][][]struct {
		Key, Value string
		Torn       bool
	}
	Records []struct{ Key, Value string }
	Frames  []struct {
		Map, Records int
		Say          string
		Cursor       struct {
			Text, Key string
			Bucket    int
		}
	}
}

func timelineOf(t *testing.T, page string) (f timeline) {
	t.Helper()
	found := regexp.MustCompile(`(?s)const timeline = (.*?), breach = `).FindStringSubmatch(page)
	require.NotNil(t, found)
	require.NoError(t, json.Unmarshal([]byte(found[1]), &f))
	return f
}

// A program has written one of two words, and a deletion has left the cursor without its key.
func TestFilmShowsWhatIsBetweenTwoSteps(t *testing.T) {
	f := timelineOf(t, pageOf(t, torn, "5:writer 7:walker"))
	require.Len(t, f.Frames, 17+1)
	require.Equal(t, "bucket 3", f.Buckets[3])
	at := func(i int) string { return f.Maps[f.Frames[i].Map][3][0].Value }
	require.Equal(t, []string{"1|1", "2|1", "2"}, []string{at(0) + "|" + at(6), at(7), at(17)})
	require.Equal(t, "Before the first step", f.Frames[0].Say)
	require.Equal(t, "writer finds an element without a lock, in write 1", f.Frames[6].Say)
	require.Equal(t, []int{0, 1}, []int{f.Frames[11].Records, f.Frames[12].Records})
	require.Equal(t, "none yet", f.Frames[0].Cursor.Text)
	require.Equal(t, "key 1", f.Frames[12].Cursor.Text)
	require.Equal(t, "at the end", f.Frames[17].Cursor.Text)
}

// Looking at the map must not change what happens, whatever the tasks hold while it is looked at.
func TestTimelineDoesNotDisturb(t *testing.T) {
	for _, way := range explore.Ways() {
		for _, kind := range way.Types {
			other := "program b cpu=1: update 2; write 2"
			if kind == abi.LPMTrie || strings.Contains(kind.String(), "PERCPU") {
				other = "task b cpu=1: update 2; delete 2"
			}
			text := "map " + strings.ToLower(kind.String()) + " entries=4 value=16\nkeys 1 2 3\nwalk " + way.Name +
				" room=2 cpu=0\ntask a cpu=1: delete 1; insert 1\n" + other + "\ncontract snapshot\n"
			t.Run(way.Name+" "+kind.String(), func(t *testing.T) {
				s := scenario(t, text)
				run, err := explore.Replay(s, "3:a 5:b 7:walker")
				require.NoError(t, err)
				f := timelineOf(t, pageOf(t, text, "3:a 5:b 7:walker"))
				require.Len(t, f.Frames, len(run.Trace.Steps)+1)
				var last []string
				for _, bucket := range f.Maps[f.Frames[len(f.Frames)-1].Map] {
					for _, pair := range bucket {
						last = append(last, pair.Key)
					}
				}
				require.Len(t, last, len(run.History.Left))
			})
		}
	}
}

func TestPageIsSelfContained(t *testing.T) {
	page := pageOf(t, torn, "5:writer 7:walker")
	require.NotRegexp(t, `(?i)https?:|<link|\ssrc=|@import|url\(`, page)
	require.Contains(t, page, "call 0 returned 1=2|1, which was never so during the call")
}

func TestPageOfABadSchedule(t *testing.T) {
	var page bytes.Buffer
	require.ErrorContains(t, explore.WritePage(&page, scenario(t, torn), "5:nobody"), "the schedule does not fit")
	require.ErrorContains(t, explore.WritePage(&page, scenario(t, torn), "five"), "parse schedule")
	require.Empty(t, page.String())
}
