package live

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/explore"
)

// What every schedule of explore's grid keeps is what threads must keep, and nothing else.
func TestPromisesAreTheGuarantees(t *testing.T) {
	page, err := os.ReadFile("../docs/guarantees.md")
	require.NoError(t, err)
	for _, shape := range Shapes() {
		for _, inPlace := range []bool{false, true} {
			for _, c := range CasesOf(NewBpfsim(1), shape, Mix{InPlace: inPlace}) {
				require.ElementsMatch(t, c.guaranteed(t, string(page)), c.Promised(), "%s, in place: %v", c, inPlace)
			}
		}
	}
}

// guaranteed are the contracts that the page says hold.
func (c Case) guaranteed(t *testing.T, page string) []string {
	kind := slices.IndexFunc(explore.Kinds(), func(k explore.Kind) bool {
		return k.Type == c.Shape.Type && k.Flags == c.Shape.Flags
	})
	require.GreaterOrEqual(t, kind, 0, c)
	_, section, found := strings.Cut(page, "\n### "+explore.Kinds()[kind].Name+"\n")
	require.True(t, found, c)
	titles, cells := tableRow(t, section, "walk"), tableRow(t, section, c.Walk.Way)
	var names []string
	for i, cell := range cells {
		// Nothing faults here, and there are no signals.
		inPlace, others := strings.Contains(cell, "[broken, in place]"), strings.HasPrefix(cell, "[broken, ") || strings.HasPrefix(cell, "holds")
		if others && !(inPlace && c.Mix.InPlace) && !c.beyondThePage(titles[i]) {
			names = append(names, titles[i])
		}
	}
	if c.Shape.Type == abi.Array && c.Shape.Value == 8 { // the page's cell is about values of any size
		names = append(names, "no-invention")
	}
	return names
}

// beyondThePage: threads here have no more keys than their map has room for. And on Linux, an element may be freed and put into another bucket while GET_NEXT_KEY is at it, which then goes
// on there and skips the rest of its own (hashtab.c). The page's schedules have no step in the middle of GET_NEXT_KEY.
func (c Case) beyondThePage(contract string) bool {
	return contract == "capacity" || c.Walk.Way == "next+take" && contract == "stable-exactness"
}

// tableRow is the first row of a section's table that starts with name, without its first cell.
func tableRow(t *testing.T, section, name string) []string {
	_, rest, found := strings.Cut(section, "\n| "+name+" | ")
	require.True(t, found, name)
	line, _, _ := strings.Cut(rest, "\n")
	return strings.Split(strings.TrimSuffix(line, " |"), " | ")
}
