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
	want    Want      // besides the errno
	not     []string  // names of checks that cannot fail at the same time
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

// check reads "-- short ERRNO", sentences, and lines of steps that come before ("+ step"), of what is written ("> count=0"), of checks that
// cannot fail at the same time ("! short"), of whose call it is ("as nobody"), or of changes to the call. "-- attr N" stands for the checks of attr that all commands
// have, N being the end of the last field.
func (o *order) check(block string) ([]*Rule, error) {
	title, text, program := sections(block)
	words := strings.Fields(title)
	if len(words) < 2 {
		return nil, fmt.Errorf("want a name and an errno")
	}
	if words[0] == "attr" {
		return o.attrChecks(words[1])
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
	o.add(c)
	return []*Rule{c.rule}, nil
}

// attrChecks are what bpf(2) checks before it knows what the command wants.
func (o *order) attrChecks(end string) (rules []*Rule, err error) {
	for _, block := range []string{
		"-- size-beyond-page E2BIG\nThe size argument is more than a page (4096). Neither attr nor the command's number has been looked at.\n    size=4097\n",
		"-- attr-unreadable EFAULT\nattr cannot be read.\n    attr=bad\n",
		"-- beyond-attr E2BIG\nA byte behind the attr that the kernel knows (168 bytes) is not zero.\n    tail=168\n",
		"-- tail EINVAL\nA byte behind the last field of the command is not zero.\n    tail=" + end + "\n",
	} {
		more, err := o.check(block)
		if err != nil {
			return nil, err
		}
		rules = append(rules, more...)
	}
	return rules, nil
}

// add makes c the last check of the order.
func (o *order) add(c *check) {
	c.rule.Program = o.program(c.before, c.changes, c.wanted())
	c.rule.Good, c.rule.Wrong = slices.Concat(o.before, []Step{o.call}), c.rule.Program[len(o.before):]
	o.pair(c)
	o.checks = append(o.checks, c)
}

// wanted is what must come of a call that fails the check.
func (c *check) wanted() Want {
	want := c.want
	want.Errno = c.rule.Errno
	return want
}

func (c *check) line(line string) (err error) {
	mark, rest, _ := strings.Cut(line, " ")
	switch mark {
	case "+":
		s, err := ParseStep(rest)
		c.before = append(c.before, s)
		return err
	case ">":
		c.want, err = parseWant(rest)
		return err
	case "!":
		c.not = strings.Fields(rest)
		return nil
	case "as":
		c.rule.Nobody = true
		return nil
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
func (o *order) program(before []Step, changes []Setting, want Want) []Step {
	call := o.call.with(changes...)
	call.Want = want
	return slices.Concat(o.before, before, []Step{call})
}

// pair states that each check so far is told before c.
func (o *order) pair(c *check) {
	for _, first := range o.checks {
		if first.rule.Errno == c.rule.Errno || first.excludes(c) {
			continue
		}
		changes := slices.Concat(c.changes, first.changes)
		steps := o.program(slices.Concat(first.before, c.before), changes, first.wanted())
		for _, t := range first.rule.types() {
			s := first.rule.statement(first.rule.Short+"-before-"+c.rule.Short, t, steps)
			s.Nobody = first.rule.Nobody || c.rule.Nobody
			first.rule.pairs = append(first.rule.pairs, s)
		}
	}
}

// excludes reports whether a call cannot be wrong in both ways.
func (c *check) excludes(later *check) bool {
	return slices.Contains(later.not, c.rule.Short) || slices.ContainsFunc(c.changes, func(t Setting) bool {
		return slices.ContainsFunc(later.changes, func(u Setting) bool { return t.Field == u.Field })
	})
}
