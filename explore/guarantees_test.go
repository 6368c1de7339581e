package explore_test

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/bpfsim/bpfsim/explore"
	"github.com/bpfsim/bpfsim/model"
	"github.com/bpfsim/bpfsim/proptest/kernel"
	"github.com/bpfsim/bpfsim/proptest/kernel/kerneltest"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write docs/guarantees.md and its counterexamples")

const (
	guaranteesPage     = "../docs/guarantees.md"
	counterexampleDir  = "testdata/guarantees"
	guaranteesTemplate = "testdata/guarantees.tmpl"
)

// The page says what the grid found, and nothing else: it is made again from explored schedules and replayed
// counterexamples. With -update it is written, and the counterexamples are searched for anew.
func TestGuaranteesPage(t *testing.T) {
	if testing.Short() {
		t.Skip("explores every schedule of the grid")
	}
	rows := exploreGrid(t)
	if *update {
		writeCounterexamples(t, rows)
	}
	page := newPage(t, rows, readCounterexamples(t))
	t.Run("on Linux", func(t *testing.T) { verifyOnLinux(t, page) })
	text := page.render(t)
	if *update {
		require.NoError(t, os.WriteFile(guaranteesPage, []byte(text), 0o644))
	}
	written, err := os.ReadFile(guaranteesPage)
	require.NoError(t, err)
	require.Equal(t, string(written), text, "run go test ./explore -run TestGuaranteesPage -update")
}

func exploreGrid(t *testing.T) []explore.Row {
	t.Helper()
	type result struct {
		row explore.Row
		err error
	}
	var results []chan result // in the order of the page, whichever is there first
	free := make(chan struct{}, runtime.GOMAXPROCS(0))
	for _, kind := range explore.Kinds() {
		for _, way := range kind.Ways() {
			found := make(chan result, 1)
			results = append(results, found)
			go func() {
				free <- struct{}{}
				row, err := explore.Grid(kind, way)
				<-free
				found <- result{row, err}
			}()
		}
	}
	var rows []explore.Row
	for _, found := range results {
		r := <-found
		require.NoError(t, r.err)
		t.Logf("%s, %s: all schedules, of which %d differ; broken: %d of %d contracts",
			r.row.Kind.Name, r.row.Way.Name, r.row.Schedules, len(r.row.Broken), len(model.Contracts()))
		rows = append(rows, r.row)
	}
	return rows
}

// cell names the question that one cell of the page answers, under a condition.
type cell struct {
	kind, way, contract string
	condition           explore.Condition
}

func (c cell) file() string {
	return filepath.Join(counterexampleDir, explore.CounterexampleFile(c.kind, c.way, c.contract, c.condition))
}

// brokenCells are the cells with a counterexample in the order of the page.
func brokenCells(rows []explore.Row) []cell {
	var cells []cell
	for _, row := range rows {
		for _, contract := range model.Contracts() {
			for _, condition := range row.Conditions(contract.Name) {
				cells = append(cells, cell{row.Kind.Name, row.Way.Name, contract.Name, condition})
			}
		}
	}
	return cells
}

func writeCounterexamples(t *testing.T, rows []explore.Row) {
	t.Helper()
	require.NoError(t, os.RemoveAll(counterexampleDir))
	require.NoError(t, os.MkdirAll(counterexampleDir, 0o755))
	for _, row := range rows {
		for _, c := range brokenCells([]explore.Row{row}) {
			smallest, err := row.Smallest(c.contract, c.condition)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(c.file(), []byte(smallest.String()), 0o644))
		}
	}
}

// counterexamples are the stored ones by their file; each still breaks its contract.
type counterexamples map[string]explore.Counterexample

func readCounterexamples(t *testing.T) counterexamples {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(counterexampleDir, "*.txt"))
	require.NoError(t, err)
	all := make(counterexamples)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		c, err := explore.ParseCounterexample(string(text))
		require.NoError(t, err, file)
		_, err = c.Replay()
		require.NoError(t, err, file)
		all[file] = c
	}
	return all
}

// needKernel skips what only a real kernel can check.
func needKernel(t *testing.T) {
	t.Helper()
	kerneltest.Need(t, kernel.Available())
}

// verifyOnLinux plays every counterexample of whole calls on the running kernel, which must do the same to the byte.
func verifyOnLinux(t *testing.T, p *page) {
	needKernel(t)
	played := 0
	for _, e := range p.examples {
		if !e.whole {
			continue
		}
		script, err := e.run.Whole()
		require.NoError(t, err)
		var linux *explore.Run
		require.NoError(t, kernel.OnLinux(nil, func(stage explore.Stage) { linux, err = script.Play(stage) }))
		if err != nil {
			t.Logf("example %d cannot be played on this machine: %v", e.number, err)
			continue
		}
		require.True(t, e.run.Agrees(linux), "example %d\n%s\nLinux: %v\nbpfsim: %v", e.number, e.run.Scenario, linux.Done, e.run.Done)
		require.NotEmpty(t, linux.Breach, "example %d\n%s", e.number, e.run.Scenario)
		played++
	}
	t.Logf("%d of %d counterexamples played on Linux, the others %s", played, len(p.examples), subCall)
}

// subCall is the page's word for a counterexample that user space cannot bring about by the order of its calls.
const subCall = "not expressible: steps inside of calls"

// isWhole tells whether whole calls can show the run.
func isWhole(t *testing.T, run *explore.Run) bool {
	_, err := run.Whole()
	if !errors.Is(err, explore.ErrSubCall) {
		require.NoError(t, err)
	}
	return err == nil
}
