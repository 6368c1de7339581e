package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
)

// Report is a run's outcome.
type Report struct {
	Machine Machine `json:"machine"`
	Rows    []Row   `json:"rows"`
}

// Below counts the rows that were measured and miss their floor.
func (r *Report) Below() int {
	n := 0
	for _, row := range r.Rows {
		if row.Skipped == "" && !row.OK() {
			n++
		}
	}
	return n
}

// WriteTable prints the report as text.
func (r *Report) WriteTable(w io.Writer) error {
	fmt.Fprintln(w, r.Machine)
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	group := ""
	for _, row := range r.Rows {
		if row.Group != group {
			group = row.Group
			fmt.Fprintf(out, "\n%s\nwhat\tours\trival\t\t\tlimit\t\tgoal\t\n", group)
		}
		fmt.Fprintln(out, row)
	}
	return out.Flush()
}

// WriteMarkdown prints the report as Markdown.
func (r *Report) WriteMarkdown(w io.Writer) error {
	fmt.Fprintln(w, r.Machine)
	group := ""
	for _, row := range r.Rows {
		if row.Group != group {
			group = row.Group
			fmt.Fprintf(w, "\n### %s\n\n| what | ours | rival | | times | limit | times | goal | |\n|---|---|---|---|---|---|---|---|---|\n", group)
		}
		if _, err := fmt.Fprintf(w, "| %s | %s | %s | %s | %s | %s | %s | %s | %s |\n", row.cells()...); err != nil {
			return err
		}
	}
	return nil
}

// WriteJSON prints the report for programs.
func (r *Report) WriteJSON(w io.Writer) error {
	out := json.NewEncoder(w)
	out.SetIndent("", "\t")
	return out.Encode(r)
}

// String is the row's line, cells divided by tabs.
func (r Row) String() string {
	return fmt.Sprintf("%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s", r.cells()...)
}

func (r Row) cells() []any {
	if r.Skipped != "" {
		return []any{r.What, "", r.Rival, "", "", "", "", r.Goal(), r.Verdict()}
	}
	cells := []any{r.What, r.amount(r.Ours), r.Rival, "", "", "", "", r.Goal(), r.Verdict()}
	if r.Ratio > 0 {
		cells[3], cells[4] = r.amount(r.Theirs), multiple(r.Ratio)
	}
	if r.Limit > 0 {
		cells[5], cells[6] = r.amount(r.Limit), multiple(r.Limits)
	}
	return cells
}

func (r Row) amount(v float64) string { return fmt.Sprintf("%s %s", figure(v), r.Unit) }

// multiple is how many times one is another.
func multiple(v float64) string { return figure(v) + "x" }

// figure has three digits at least.
func figure(v float64) string {
	switch {
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}
