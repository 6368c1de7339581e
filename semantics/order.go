package semantics

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bpfsim/bpfsim/abi"
)

// order is a row of checks that a command makes, one after the other.
type order struct {
	cmd    abi.Cmd
	types  []abi.MapType
	before []Step
	call   Step // which is good
	checks []*check
}

// check is one of them.
type check struct {
	rule    *Rule
	before  []Step    // what must have happened for the call to be wrong
	changes []Setting // what makes it wrong
}

// parseOrder reads ">> on TYPES" and a program whose last step is the call.
func parseOrder(cmd abi.Cmd, block string) (*order, error) {
	title, _, program := sections(block)
	types, err := parseTypes(strings.Fields(strings.TrimPrefix(title, "on")))
	if err != nil {
		return nil, err
	}
	steps, err := ParseProgram(program)
	if err != nil {
		return nil, err
	}
	last := len(steps) - 1
	return &order{cmd: cmd, types: types, before: steps[:last], call: steps[last]}, nil
}

// check reads "-- short ERRNO", sentences, and lines of steps that come before ("+ step") or of changes to the call.
func (o *order) check(block string) (*Rule, error) {
	title, text, program := sections(block)
	words := strings.Fields(title)
	if len(words) < 2 {
		return nil, fmt.Errorf("want a name and an errno")
	}
	errno, known := abi.ErrnoByName(words[1])
	if !known {
		return nil, fmt.Errorf("%q is no errno", words[1])
	}
	c := &check{rule: &Rule{Cmd: o.cmd, Short: words[0], Types: o.types, Errno: errno, Text: text, Check: len(o.checks) + 1}}
	for line := range strings.Lines(program) {
		if err := c.line(strings.TrimSpace(line)); err != nil {
			return nil, err
		}
	}
	c.rule.Program = o.program(c.before, c.changes, errno)
	c.rule.Good, c.rule.Wrong = slices.Concat(o.before, []Step{o.call}), c.rule.Program[len(o.before):]
	o.pair(c)
	o.checks = append(o.checks, c)
	return c.rule, nil
}

func (c *check) line(line string) error {
	if step, before := strings.CutPrefix(line, "+ "); before {
		s, err := ParseStep(step)
		c.before = append(c.before, s)
		return err
	}
	for word := range strings.FieldsSeq(line) {
		field, text, named := strings.Cut(word, "=")
		if !named {
			return fmt.Errorf("%q is no change", word)
		}
		c.changes = append(c.changes, Setting{field, text})
	}
	return nil
}

// program is the call with what is wrong, and all that comes before.
func (o *order) program(before []Step, changes []Setting, errno abi.Errno) []Step {
	call := o.call.with(changes...)
	call.Want = Want{Errno: errno}
	return slices.Concat(o.before, before, []Step{call})
}

// pair states that each check so far is told before c.
func (o *order) pair(c *check) {
	for _, first := range o.checks {
		if first.rule.Errno == c.rule.Errno || first.excludes(c) {
			continue
		}
		changes := slices.Concat(c.changes, first.changes)
		steps := o.program(slices.Concat(first.before, c.before), changes, first.rule.Errno)
		for _, t := range first.rule.types() {
			first.rule.pairs = append(first.rule.pairs, first.rule.statement(first.rule.Short+"-before-"+c.rule.Short, t, steps))
		}
	}
}

// excludes reports whether a call cannot be wrong in both ways.
func (c *check) excludes(other *check) bool {
	return slices.ContainsFunc(c.changes, func(t Setting) bool {
		return slices.ContainsFunc(other.changes, func(u Setting) bool { return t.Field == u.Field })
	})
}
