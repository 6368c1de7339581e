package live

import (
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/bpfsim/bpfsim/model"
)

// Result is what came of a case.
type Result struct {
	Case    Case
	Walks   int
	Records int
	Writes  int // by others, during the walks
	// Broken counts the walks that broke a contract, by its name, and Example says how one did.
	Broken  map[string]int
	Example map[string]string
}

// Kept reports the promised contracts that were broken, nil when none was.
func (r Result) Kept() error {
	for _, name := range r.Case.Promised() {
		if r.Broken[name] > 0 {
			return fmt.Errorf("%s: %s broken by %d of %d walks: %s", r.Case, name, r.Broken[name], r.Walks, r.Example[name])
		}
	}
	return nil
}

// Table lists how many walks broke which contract, a line for each shape and way, whatever the mix. A contract that is
// promised under every mix and was kept shows as "kept".
func Table(results []Result) string {
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprint(w, "map\tway\twalks\twrites")
	for _, contract := range model.Contracts() {
		fmt.Fprint(w, "\t", contract.Name)
	}
	fmt.Fprintln(w)
	for _, line := range merge(results) {
		fmt.Fprintf(w, "%s\t%s\t%d\t%d", line.Case.shape(), line.Case.Walk.Way, line.Walks, line.Writes)
		for _, contract := range model.Contracts() {
			fmt.Fprint(w, "\t", line.cell(contract.Name))
		}
		fmt.Fprintln(w)
	}
	w.Flush()
	return text.String()
}

func (r Result) cell(contract string) string {
	if contract == "linearizability" && !r.Case.removes() || contract == "no-invention" && r.Case.removes() {
		return "-"
	}
	if r.Broken[contract] == 0 && slices.Contains(r.Case.Promised(), contract) {
		return "kept"
	}
	return fmt.Sprint(r.Broken[contract])
}

// merge sums the results of cases that differ by their mix alone, in the order of their first one. The sum promises what
// the least of them does.
func merge(results []Result) []Result {
	var sums []Result
	for _, r := range results {
		same := func(sum Result) bool { return sum.Case.Shape == r.Case.Shape && sum.Case.Walk == r.Case.Walk }
		i := slices.IndexFunc(sums, same)
		if i < 0 {
			i = len(sums)
			sums = append(sums, Result{Case: r.Case, Broken: map[string]int{}})
		}
		sums[i].add(r)
	}
	return sums
}

func (r *Result) add(other Result) {
	r.Walks += other.Walks
	r.Records += other.Records
	r.Writes += other.Writes
	r.Case.Mix.InPlace = r.Case.Mix.InPlace || other.Case.Mix.InPlace
	for name, n := range other.Broken {
		r.Broken[name] += n
	}
}
