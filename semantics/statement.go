package semantics

import (
	"slices"
	"strings"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/profile"
)

// Statement is something that a command promises for maps of one type.
type Statement struct {
	// Name is unique: the command, the rule and the map type, such as MAP_UPDATE_ELEM/noexist-present/HASH.
	Name string
	Rule *Rule
	Type abi.MapType // abi.Unspec for what is alike for all
	// Nobody statements are about callers without capabilities.
	Nobody bool
	Steps  []Step
	// Series is the series of Linux that answers the last step otherwise than the rule says, and Rows why; 0 where the rule holds.
	Series abi.Release
	Rows   []profile.Row
}

// Rule is what statements about several types have in common.
type Rule struct {
	Cmd   abi.Cmd
	Short string // its name among the rules of the command
	Types []abi.MapType
	Errno abi.Errno // what the rule is about, OK for a success
	Text  string    // a sentence or two
	// Nobody rules are about callers without capabilities.
	Nobody bool
	// Check is the rule's place in the order of checks of the command, counted from 1; 0 for what is no check.
	Check int
	// Program is the program as it stands in the document; of a check, Good is the program with nothing wrong and Wrong the end of Program
	// that differs.
	Program, Good, Wrong []Step
	// pairs are statements about this check and each one behind it: where both are against a call, this one is told.
	pairs []Statement
}

// CmdName is the command's name without BPF_.
func CmdName(c abi.Cmd) string { return strings.TrimPrefix(c.String(), "BPF_") }

// Statements are the rule's statements, one for each type.
func (r *Rule) Statements() []Statement {
	var all []Statement
	for _, t := range r.types() {
		all = append(all, r.statement(r.Short, t, r.Program))
	}
	return all
}

// types are the types of maps that the rule is asked about: one that is about none is asked about once.
func (r *Rule) types() []abi.MapType {
	if len(r.Types) == 0 {
		return []abi.MapType{abi.Unspec}
	}
	return r.Types
}

func (r *Rule) statement(short string, t abi.MapType, steps []Step) Statement {
	name := CmdName(r.Cmd) + "/" + short
	if t != abi.Unspec {
		name += "/" + t.String()
	}
	s := Statement{Name: name, Rule: r, Type: t, Nobody: r.Nobody}
	for _, step := range steps {
		s.Steps = append(s.Steps, typed(step, t))
	}
	return s
}

// typed is a step with the type in the place of TYPE, which a map without a type gets by itself.
func typed(step Step, t abi.MapType) Step {
	if step.Verb != "create" || t == abi.Unspec {
		return step
	}
	if _, given := step.get("map_type"); given {
		return step
	}
	step.Settings = slices.Insert(slices.Clone(step.Settings), 0, Setting{"map_type", strings.ToLower(t.String())})
	return step
}

// On reports whether the rule says something about maps of type t.
func (r *Rule) On(t abi.MapType) bool { return len(r.Types) == 0 || slices.Contains(r.Types, t) }
