// Command plot draws the pictures of docs/performance.md from the output of `bpfsim bench --json`:
//
//	go run . bench.json ../../docs/performance
//
// It is a module of its own, so that the plotting library stays out of bpfsim's.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
)

// row is what a plot needs of a line of the table.
type row struct {
	Group, What, Rival, Skipped string
	Ours, Theirs, Limit         float64
	Entries, Key, Value, Buffer int
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: plot bench.json DIR")
		os.Exit(2)
	}
	if err := draw(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "plot:", err)
		os.Exit(1)
	}
}

func draw(file, dir string) error {
	rows, err := read(file)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, p := range []picture{entriesPicture(rows), gainPicture(rows)} {
		if err := p.save(dir); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	return nil
}

func read(file string) ([]row, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var report struct{ Rows []row }
	if err := json.Unmarshal(text, &report); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return report.Rows, nil
}

// picture is lines of points over two logarithmic axes.
type picture struct {
	name, title, x, y string
	order             []string
	lines             map[string]plotter.XYs
}

func newPicture(name, title, x, y string) picture {
	return picture{name: name, title: title, x: x, y: y, lines: map[string]plotter.XYs{}}
}

// add puts a point on a line. What was not measured is left out.
func (p *picture) add(line string, x int, y float64) {
	if y <= 0 {
		return
	}
	if _, known := p.lines[line]; !known {
		p.order = append(p.order, line)
	}
	p.lines[line] = append(p.lines[line], plotter.XY{X: float64(x), Y: y})
}

func (p *picture) save(dir string) error {
	c := plot.New()
	c.Title.Text, c.X.Label.Text, c.Y.Label.Text = p.title, p.x, p.y
	c.X.Scale, c.Y.Scale = plot.LogScale{}, plot.LogScale{}
	c.X.Tick.Marker, c.Y.Tick.Marker = plot.LogTicks{Prec: -1}, plot.LogTicks{Prec: -1}
	c.Legend.Top, c.Legend.Left = true, true
	c.Add(plotter.NewGrid())
	var lines []any
	for _, name := range p.order {
		lines = append(lines, name, p.lines[name])
	}
	if err := plotutil.AddLinePoints(c, lines...); err != nil {
		return err
	}
	c.Y.Max *= 4 // room for the legend
	return c.Save(7*vg.Inch, 4.5*vg.Inch, filepath.Join(dir, p.name+".svg"))
}

// entriesPicture shows how calls on one element grow with the map.
func entriesPicture(rows []row) picture {
	p := newPicture("entries", "Calls on one element", "entries in the map", "ns a call")
	for _, r := range rows {
		if op, _, _ := strings.Cut(r.What, ","); r.Group == "scale" && op != "update" { // which is close to a lookup
			p.add(op+", bpfsim", r.Entries, r.Ours)
			p.add(op+", Linux", r.Entries, r.Theirs)
			p.add(op+", limit", r.Entries, r.Limit)
		}
	}
	return p
}

// gainPicture shows the proposal's own measure: how much faster a dump is than reading key by key.
func gainPicture(rows []row) picture {
	p := newPicture("gain", "Gain of DUMP over key by key, 100,000 elements", "room for elements", "times faster")
	for _, r := range rows {
		if r.Group == "gain" {
			p.add("bpfsim", r.Buffer, r.Ours)
			p.add("RFC v3 (2019)", r.Buffer, r.Theirs)
		}
	}
	return p
}
