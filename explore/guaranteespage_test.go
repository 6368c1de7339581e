package explore_test

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"text/template"

	"github.com/bpfsim/bpfsim/explore"
	"github.com/bpfsim/bpfsim/model"
	"github.com/stretchr/testify/require"
)

// page is docs/guarantees.md before it is text.
type page struct {
	rows     []explore.Row
	found    counterexamples
	examples []*example
	numbers  map[cell]int
}

// example is a counterexample and all the cells that it answers.
type example struct {
	number int
	cells  []cell
	file   string
	run    *explore.Run
	whole  bool
	story  []string
}

// maxStory is the number of lines that an example may have.
const maxStory = 8

// newPage gives each interleaving a number: cells whose counterexamples read the same share it.
func newPage(t *testing.T, rows []explore.Row, found counterexamples) *page {
	t.Helper()
	p := &page{rows: rows, found: found, numbers: make(map[cell]int)}
	cells := brokenCells(rows)
	require.Len(t, found, len(cells), "a stored counterexample for each broken cell")
	byText := make(map[string]*example)
	for _, c := range cells {
		e := p.example(t, c)
		if same, ok := byText[e.text()]; ok {
			e = same
		} else {
			byText[e.text()] = e
			p.examples = append(p.examples, e)
			e.number = len(p.examples)
		}
		e.cells = append(e.cells, c)
		p.numbers[c] = e.number
	}
	return p
}

func (p *page) example(t *testing.T, c cell) *example {
	t.Helper()
	counterexample, ok := p.found[c.file()]
	require.True(t, ok, "no file %s", c.file())
	require.Equal(t, c.contract, counterexample.Scenario.Contract)
	run, err := counterexample.Replay()
	require.NoError(t, err)
	return &example{file: c.file(), run: run, whole: isWhole(t, run), story: story(t, run)}
}

// story is the run in at most maxStory lines. Where it has more, what the walk does behind the breach is left out, and
// what a task does in a row shares a line.
func story(t *testing.T, run *explore.Run) []string {
	t.Helper()
	lines := run.Story()
	for len(lines) > maxStory && strings.HasSuffix(lines[len(lines)-1], "nothing, the end") {
		lines = lines[:len(lines)-1]
	}
	for i := 1; len(lines) > maxStory && i < len(lines); {
		task, text, _ := strings.Cut(lines[i], "  ")
		if !strings.HasPrefix(lines[i-1], task+" ") {
			i++
			continue
		}
		lines[i-1] += ", " + strings.TrimSpace(text)
		lines = slices.Delete(lines, i, i+1)
	}
	require.LessOrEqual(t, len(lines), maxStory, "%s\n%s", run.Scenario, strings.Join(lines, "\n"))
	return lines
}

// text is what a reader sees of the example, but for the dialects of DUMP, which work alike.
func (e *example) text() string {
	text := e.before() + "\n" + strings.Join(e.story, "\n") + e.linux()
	return strings.ReplaceAll(text, "dump-july", "dump")
}

// before says what the map is and holds at the start.
func (e *example) before() string {
	s := e.run.Scenario
	var pairs []string
	for i, key := range s.Keys {
		pairs = append(pairs, fmt.Sprintf("%d=%d", key, i+1))
	}
	words := ""
	switch {
	case s.Map.IsPerCPU():
		words = fmt.Sprintf(", values of %d CPUs", s.CPUs())
	case s.Map.Value > 8:
		words = fmt.Sprintf(", values of %d words", s.Map.Value/8)
	}
	return fmt.Sprintf("max_entries %d%s, put in: %s; room for %d", s.Map.Entries, words, strings.Join(pairs, ", "), s.Walk.Room)
}

// linux says whether Linux does it too.
func (e *example) linux() string {
	if !e.whole {
		return subCall
	}
	way, _ := explore.WayByName(e.run.Scenario.Walk.Way)
	if in := way.StandIn(e.run.Scenario.Map.Type); in != "" {
		return "yes, with " + in + " in its place"
	}
	return "yes"
}

func (p *page) render(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(guaranteesTemplate)
	require.NoError(t, err)
	tmpl, err := template.New("guarantees").Parse(string(text))
	require.NoError(t, err)
	var b bytes.Buffer
	require.NoError(t, tmpl.Execute(&b, p))
	return b.String()
}

// What the template asks for.
func (p *page) Contracts() []model.Contract          { return model.Contracts() }
func (p *page) Ways() []explore.Way                  { return explore.Ways() }
func (p *page) Changes() map[string][]explore.Change { return explore.GridChanges() }

// E links to the example of a cell, and fails where the cell holds: the page's advice must follow from its tables.
func (p *page) E(kind, way, contract string) (string, error) {
	for _, condition := range explore.Conditions() {
		if number, ok := p.numbers[cell{kind, way, contract, condition}]; ok {
			return fmt.Sprintf("[example %d](#e%d)", number, number), nil
		}
	}
	return "", fmt.Errorf("%s, %s, %s is not broken", kind, way, contract)
}

// Schedules is the number of schedules that were run.
func (p *page) Schedules() int {
	n := 0
	for _, row := range p.rows {
		n += row.Schedules
	}
	return n
}

// Tables is one table a kind, a line a way, a column a contract.
func (p *page) Tables() string {
	var b strings.Builder
	kind := ""
	for _, row := range p.rows {
		if row.Kind.Name != kind {
			kind = row.Kind.Name
			fmt.Fprintf(&b, "\n### %s\n\n| walk | schedules |%s\n|---|---|%s\n", kind, headings(), strings.Repeat("---|", len(model.Contracts())))
		}
		fmt.Fprintf(&b, "| %s | %d |", row.Way.Name, row.Schedules)
		for _, contract := range model.Contracts() {
			fmt.Fprintf(&b, " %s |", p.cell(row, contract))
		}
		b.WriteString("\n")
	}
	return b.String()
}

// partWords says what a walk gives of a key's values.
var partWords = map[explore.Parts]string{
	explore.PartsTogether: "all of one instant",
	explore.PartsEach:     "each of some instant of the call",
	explore.PartsTorn:     "each word of some instant of the call",
	explore.PartsForeign:  "each of some instant of the call; another key's, if the key is removed meanwhile",
}

// Parts is a table of what the walks give of the CPUs' parts of a value.
func (p *page) Parts() (string, error) {
	var b strings.Builder
	for _, row := range p.rows {
		if !(explore.Shape{Type: row.Kind.Type}).IsPerCPU() {
			continue
		}
		fmt.Fprintf(&b, "| %s | %s |", row.Kind.Name, row.Way.Name)
		for by, parts := range row.Parts {
			if explore.Writers(by) >= explore.Pointers { // they wait for no lock, and Linux copies a bucket part by part
				parts = max(parts, explore.PartsEach)
			}
			words, ok := partWords[parts]
			if !ok {
				return "", fmt.Errorf("%s, %s: parts that were never so", row.Kind.Name, row.Way.Name)
			}
			fmt.Fprintf(&b, " %s |", words)
		}
		b.WriteString("\n")
	}
	return b.String(), nil
}

func headings() string {
	var b strings.Builder
	for _, c := range model.Contracts() {
		b.WriteString(" " + c.Name + " |")
	}
	return b.String()
}

func (p *page) cell(row explore.Row, contract model.Contract) string {
	var broken []string
	for _, condition := range row.Conditions(contract.Name) {
		words := "broken"
		if condition != explore.Always {
			words += ", " + string(condition)
		}
		number := p.numbers[cell{row.Kind.Name, row.Way.Name, contract.Name, condition}]
		broken = append(broken, fmt.Sprintf("[%s](#e%d)", words, number))
	}
	switch asked := row.Asked[contract.Name]; {
	case len(broken) > 0:
		return strings.Join(broken, "; ")
	case asked == 0:
		return "-"
	default:
		return holds(row, asked)
	}
}

// holds is the cell of a contract that every schedule keeps, with the share of those in which it asked something.
func holds(row explore.Row, asked int) string {
	share := 100 * float64(asked) / float64(row.Schedules)
	if 2*asked < row.Schedules {
		return fmt.Sprintf("holds where it asks: in %.2g %%", share)
	}
	return fmt.Sprintf("holds (asks in %.3g %%)", share)
}

// Examples is every example with what it breaks.
func (p *page) Examples() string {
	var b strings.Builder
	for _, e := range p.examples {
		fmt.Fprintf(&b, "\n<a id=\"e%d\"></a>\n**%d.** %s\n\n```\n%s: %s\n%s\n```\n%s.\nAlso on Linux 6.18: %s. [Scenario and schedule](../explore/%s)\n",
			e.number, e.number, e.title(), e.run.Scenario.Walk.Way, e.before(), strings.Join(e.story, "\n"),
			e.breach(), e.linux(), e.file)
	}
	return b.String()
}

// breach is the sentence of the contract, which begins a line here.
func (e *example) breach() string {
	return strings.ToUpper(e.run.Breach[:1]) + e.run.Breach[1:]
}

// title lists what the example breaks: contracts, ways and kinds.
func (e *example) title() string {
	return strings.Join(distinct(e.cells, func(c cell) string { return c.contract }), ", ") + " - " +
		strings.Join(distinct(e.cells, func(c cell) string { return c.way }), ", ") + " - " +
		strings.Join(distinct(e.cells, func(c cell) string { return c.kind }), ", ")
}

func distinct(cells []cell, name func(cell) string) []string {
	var names []string
	seen := make(map[string]bool)
	for _, c := range cells {
		if n := name(c); !seen[n] {
			seen[n] = true
			names = append(names, n)
		}
	}
	return names
}
