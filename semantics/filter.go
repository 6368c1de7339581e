package semantics

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bpfsim/bpfsim/abi"
)

// Filter chooses rules. What is not set does not matter.
type Filter struct {
	Cmds   []abi.Cmd
	Types  []abi.MapType
	Errnos []abi.Errno
	// Series is the series of Linux that is meant; 0 is the latest.
	Series abi.Release
}

// ParseFilter reads names of commands, map types and errnos in any order: "MAP_LOOKUP_BATCH hash ENOSPC".
func ParseFilter(words []string) (Filter, error) {
	var f Filter
	for _, word := range words {
		name := strings.ToUpper(word)
		if cmd, known := abi.CmdByName("BPF_" + strings.TrimPrefix(name, "BPF_")); known {
			f.Cmds = append(f.Cmds, cmd)
		} else if errno, known := abi.ErrnoByName(name); known {
			f.Errnos = append(f.Errnos, errno)
		} else if t, known := TypeByName(strings.TrimPrefix(name, "BPF_MAP_TYPE_")); known {
			f.Types = append(f.Types, t)
		} else {
			return f, fmt.Errorf("%q is no command, no map type and no errno: want such as MAP_LOOKUP_BATCH, hash, EINVAL", word)
		}
	}
	return f, nil
}

// takes reports whether the filter takes a rule.
func (f Filter) takes(r *Rule) bool {
	if len(f.Types) > 0 && !slices.ContainsFunc(f.Types, r.On) {
		return false
	}
	return len(f.Errnos) == 0 || slices.Contains(f.Errnos, r.Errno) || f.Series != 0 &&
		slices.ContainsFunc(different(r, f.Series, f), func(s Statement) bool { return slices.Contains(f.Errnos, s.last()) })
}

// Spec is the piece of the document that the filter chooses, "" when there is none.
func Spec(f Filter) string {
	var pieces []string
	for _, c := range Chapters() {
		if len(f.Cmds) > 0 && !slices.Contains(f.Cmds, c.Cmd) {
			continue
		}
		if piece := c.Piece(f); piece != "" {
			pieces = append(pieces, fmt.Sprintf("# %s\n\n%s\n%s", c.Cmd, c.Intro, piece))
		}
	}
	if len(pieces) > 0 && f.Series != 0 && f.Series != abi.Latest {
		pieces = append(pieces, f.rowsOf())
	}
	return strings.Join(pieces, "\n")
}

// Piece are the chapter's rules that the filter takes: each order of checks, then the other rules.
func (c Chapter) Piece(f Filter) string {
	w := new(strings.Builder)
	var types []abi.MapType
	checks, heading := false, "\n## What it does\n"
	for _, r := range c.Rules {
		switch {
		case !f.takes(r):
			continue
		case r.Check > 0 && (!checks || !slices.Equal(types, r.Types)):
			fmt.Fprintf(w, "\n## Checks in their order%s\n\nOf a call that is good:\n\n%s\n", typeList(r.Types), indented(r.Good))
			types, checks = r.Types, true
			fallthrough
		case r.Check > 0:
			fmt.Fprintf(w, "%d. **%s**, %s: %s `%s`\n%s", r.Check, r.Errno, r.Short, r.Text, joinSteps(r.Wrong), f.otherwise(r))
		default:
			fmt.Fprintf(w, "%s\n### %s (%s)%s\n\n%s\n\n%s%s", heading, r.Short, r.Errno, typeList(r.Types), r.Text, indented(r.Program), f.otherwise(r))
			heading, checks = "", false
		}
	}
	return w.String()
}

func typeList(types []abi.MapType) string {
	if len(types) == 0 {
		return ""
	}
	var names []string
	for _, t := range types {
		names = append(names, t.String())
	}
	return ": " + strings.Join(names, ", ")
}

func indented(steps []Step) string {
	w := new(strings.Builder)
	for _, s := range steps {
		fmt.Fprintf(w, "    %s\n", s)
	}
	return w.String()
}

// joinSteps are steps in one line.
func joinSteps(steps []Step) string {
	var texts []string
	for _, s := range steps {
		texts = append(texts, s.String())
	}
	return strings.Join(texts, "; ")
}
