package conform

import (
	"fmt"
	"slices"
	"strings"
)

// Report is how far an implementation is.
type Report struct {
	Name   string    `json:"name"`
	Linux  string    `json:"linux"` // the series that is right
	Areas  []*Area   `json:"areas"`
	Broken []*Broken `json:"broken"`
	// Trouble says why not everything was asked.
	Trouble string `json:"trouble,omitempty"`
}

// Area is the score of a command, or of a kind of programs.
type Area struct {
	Name    string `json:"name"`
	Passed  int    `json:"passed"`
	Asked   int    `json:"asked"`
	LeftOut int    `json:"left_out"` // for want of something
}

// Broken is a statement that does not hold.
type Broken struct {
	Name    string   `json:"name"` // such as MAP_UPDATE_ELEM/noexist-present
	Types   []string `json:"types,omitempty"`
	Text    string   `json:"text"`    // what is right
	Why     string   `json:"why"`     // what came instead
	Program []string `json:"program"` // the smallest one found, whose last step fails
}

// area is the area of that name.
func (r *Report) area(name string) *Area {
	at := slices.IndexFunc(r.Areas, func(a *Area) bool { return a.Name == name })
	if at < 0 {
		r.Areas = append(r.Areas, &Area{Name: name})
		at = len(r.Areas) - 1
	}
	return r.Areas[at]
}

// Total is the sum of all areas.
func (r *Report) Total() Area {
	total := Area{Name: "all"}
	for _, a := range r.Areas {
		total.Passed += a.Passed
		total.Asked += a.Asked
		total.LeftOut += a.LeftOut
	}
	return total
}

// Conforms reports whether something was asked, and all of it was right.
func (r *Report) Conforms() bool {
	total := r.Total()
	return total.Asked > 0 && total.Passed == total.Asked && r.Trouble == ""
}

// String is the report as a page: the scores, then what is broken.
func (r *Report) String() string {
	w := new(strings.Builder)
	for _, b := range r.Broken {
		fmt.Fprintf(w, "%s\n", b)
	}
	fmt.Fprintf(w, "%s\n", r.Name)
	total := r.Total()
	for _, a := range append(slices.Clone(r.Areas), &total) {
		fmt.Fprintf(w, "  %-28s %s\n", a.Name, a)
	}
	if r.Trouble != "" {
		fmt.Fprintf(w, "not all was asked: %s\n", r.Trouble)
	}
	return w.String()
}

// String is the area's score.
func (a *Area) String() string {
	text := "nothing asked"
	if a.Asked > 0 {
		text = fmt.Sprintf("%5d of %5d  (%5.1f %%)", a.Passed, a.Asked, 100*float64(a.Passed)/float64(a.Asked))
	}
	if a.LeftOut > 0 {
		text += fmt.Sprintf(", %d left out", a.LeftOut)
	}
	return text
}

// String is what is broken, what is right, and the program.
func (b *Broken) String() string {
	w := new(strings.Builder)
	fmt.Fprintf(w, "broken: %s", b.Name)
	if len(b.Types) > 0 {
		fmt.Fprintf(w, " (%s)", strings.Join(b.Types, ", "))
	}
	fmt.Fprintf(w, "\n  %s\n  but: %s\n", b.Text, b.Why)
	for _, line := range b.Program {
		fmt.Fprintf(w, "    %s\n", line)
	}
	return w.String()
}
