package semantics

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/profile"
	"github.com/bpfsim/bpfsim/proptest/kernel"
)

// Rules are written for Linux 6.18. What of them is otherwise in another series follows from package profile, which has been compared with kernels of
// that series: a statement that does not hold there ends with the first call that is answered otherwise, and names the rows of the profile that make it so.

// OnSeries is bpfsim as a series of Linux.
func OnSeries(r abi.Release, cpus int) Implementation { return onProfile(profile.Of(r), cpus) }

func onProfile(p *profile.Profile, cpus int) Implementation {
	k := kernel.NewSim()
	k.Profile = func(abi.Release) *profile.Profile { return p }
	return OnKernel(k, cpus)
}

// seriesCPUs is the number of CPUs on which statements are told apart. What is stated does not depend on it.
const seriesCPUs = 2

// In are the statements and the pairs that hold in a series of Linux. Those about map types that it has not are left out.
func In(r abi.Release) []Statement {
	made, _ := bySeries.LoadOrStore(r, sync.OnceValue(func() []Statement { return in(r) }))
	return made.(func() []Statement)()
}

var bySeries sync.Map // abi.Release -> func() []Statement

func in(r abi.Release) (all []Statement) {
	on := OnSeries(r, seriesCPUs)
	for _, s := range append(Statements(), Pairs()...) {
		if profile.Of(r).LacksType[s.Type] {
			continue
		}
		failure, err := s.Run(on)
		if err == nil && failure != nil {
			s = failure.otherwise(r, on)
		}
		all = append(all, s)
	}
	return all
}

// otherwise is the statement as it holds in a series.
func (f *Failure) otherwise(r abi.Release, on Implementation) Statement {
	s := f.Statement
	learned, err := learn(on, !s.Nobody, s.Steps[f.Step:f.Step+1], s.Steps[:f.Step])
	if err != nil {
		panic(fmt.Sprintf("semantics: %s in Linux %s: %v", s.Name, r, err))
	}
	s.Steps = append(slices.Clone(s.Steps[:f.Step]), learned...)
	s.Series, s.Rows = r, f.rows(r)
	return s
}

// learn is what an implementation answers to steps behind others.
func learn(on Implementation, root bool, steps, behind []Step) (learned []Step, err error) {
	session, err := Begin(on, root)
	if err != nil {
		return nil, err
	}
	for i, step := range slices.Concat(behind, steps) {
		if step, err = session.Do(step); err != nil {
			return nil, err
		}
		if i >= len(behind) {
			learned = append(learned, step)
		}
	}
	return learned, nil
}

// rows are rows without which the statement would hold in the series, as few as there can be.
func (f *Failure) rows(r abi.Release) (rows []profile.Row) {
	others := slices.Clone(profile.Rows)
	others = slices.DeleteFunc(others, func(row profile.Row) bool { return !row.In(r) }) // of the series' own none is left
	for _, row := range profile.Rows {
		if row.In(r) {
			continue
		}
		with := append(slices.Clone(others), row)
		again, err := f.Statement.Run(onProfile(profile.Make(r, with), seriesCPUs))
		if err == nil && again == nil {
			others = with
			continue
		}
		rows = append(rows, row)
	}
	return rows
}

// Text is what the statement says, in words.
func (s Statement) Text() string {
	if s.Series == 0 {
		return s.Rule.Text
	}
	return fmt.Sprintf("%s Linux %s answers otherwise: %s", s.Rule.Text, s.Series, s.why())
}

// why says what makes a series answer otherwise.
func (s Statement) why() string {
	var texts []string
	for _, row := range s.Rows {
		texts = append(texts, fmt.Sprintf("%s (%s)", row.Before, row.Name))
	}
	return strings.Join(texts, " ")
}

// rowNames are the names of the rows that make a series answer otherwise.
func (s Statement) rowNames() string {
	var names []string
	for _, row := range s.Rows {
		names = append(names, row.Name)
	}
	return strings.Join(names, ", ")
}

// last is the errno of the statement's last call.
func (s Statement) last() abi.Errno { return s.Steps[len(s.Steps)-1].Want.Errno }

// different are the statements of a rule that are otherwise in a series.
func different(rule *Rule, r abi.Release, f Filter) (all []Statement) {
	for _, s := range In(r) {
		if s.Rule == rule && s.Series == r && (len(f.Types) == 0 || s.Type == abi.Unspec || slices.Contains(f.Types, s.Type)) {
			all = append(all, s)
		}
	}
	return all
}

// otherwise says in what a rule differs in the filter's series, a line for each difference.
func (f Filter) otherwise(rule *Rule) string {
	if f.Series == 0 || f.Series == abi.Latest {
		return ""
	}
	w := new(strings.Builder)
	for _, t := range rule.Types {
		if profile.Of(f.Series).LacksType[t] {
			fmt.Fprintf(w, "   **Linux %s** has no %s: EINVAL of MAP_CREATE.\n", f.Series, t)
		}
	}
	var heads []string
	types := map[string][]string{}
	for _, s := range different(rule, f.Series, f) {
		head := s.difference()
		if head == "" {
			continue
		}
		if _, known := types[head]; !known {
			heads = append(heads, head)
		}
		types[head] = append(types[head], s.Type.String())
	}
	for _, head := range heads {
		on := ""
		if n := len(types[head]); n < len(rule.Types) {
			on = ", " + strings.Join(types[head], ", ")
		}
		fmt.Fprintf(w, "   **Linux %s%s**: %s\n", f.Series, on, head)
	}
	return w.String()
}

// difference is what is otherwise: of a pair, which check is told instead; "" where that follows from what one of the two says.
func (s Statement) difference() string {
	instead := s.last().String()
	if s.last() == abi.OK {
		instead = "success"
	}
	if later, pair := s.later(); pair {
		if s.alone(s.Rule.Short) || s.alone(later) {
			return ""
		}
		return fmt.Sprintf("where %s is wrong, too, %s is told (%s).", later, instead, s.rowNames())
	}
	return fmt.Sprintf("%s, `%s` (%s).", instead, s.Steps[len(s.Steps)-1], s.rowNames())
}

// later is the other check of a pair.
func (s Statement) later() (short string, pair bool) {
	_, name, _ := strings.Cut(s.Name, "/")
	name, _, _ = strings.Cut(name, "/")
	return strings.CutPrefix(name, s.Rule.Short+"-before-")
}

// alone reports whether the statement about a check by itself is otherwise in the series.
func (s Statement) alone(short string) bool {
	name := CmdName(s.Rule.Cmd) + "/" + short
	if s.Type != abi.Unspec {
		name += "/" + s.Type.String()
	}
	return slices.ContainsFunc(In(s.Series), func(other Statement) bool { return other.Name == name && other.Series == s.Series })
}

// rowsOf are the rows that make what the filter chooses otherwise, as a list.
func (f Filter) rowsOf() string {
	w := new(strings.Builder)
	var told []string
	for _, s := range In(f.Series) {
		if s.Series == 0 || len(f.Cmds) > 0 && !slices.Contains(f.Cmds, s.Rule.Cmd) || len(f.Types) > 0 && !slices.Contains(f.Types, s.Type) {
			continue
		}
		for _, row := range s.Rows {
			if !slices.Contains(told, row.Name) {
				told = append(told, row.Name)
				fmt.Fprintf(w, "- **%s**, before Linux %s: %s (%s)\n", row.Name, row.Since, row.Before, row.Source)
			}
		}
	}
	if w.Len() == 0 {
		return fmt.Sprintf("# In Linux %s\n\nall of this holds.\n", f.Series)
	}
	return fmt.Sprintf("# In Linux %s\n\n%s", f.Series, w)
}
