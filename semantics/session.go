package semantics

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/bpfsim/bpfsim/abi"
)

// Session is a program that runs on an implementation, step by step.
type Session struct {
	on    Implementation
	scope *scope
}

// Begin starts the implementation anew.
func Begin(on Implementation, root bool) (*Session, error) {
	if err := on.Start(root); err != nil {
		return nil, fmt.Errorf("start %s: %w", on.Name(), err)
	}
	return &Session{on: on, scope: newScope(on.CPUs())}, nil
}

// ask makes one call.
func (r *Session) ask(step Step) (*Call, Result, error) {
	c, err := r.scope.resolve(step)
	if err != nil {
		return nil, Result{}, err
	}
	result, err := r.on.Do(c)
	return c, result, err
}

// tooMany is how many keys more than there are a walk may give before it is given up.
const tooMany = 4

// keys walks a map by GET_NEXT_KEY. The errno is that of the end, OK where there was none behind so many keys.
func (r *Session) keys(walk Step, most int) (keys [][]byte, errno abi.Errno, err error) {
	for next := firstKey(walk); ; next = nextKey(walk) {
		_, result, err := r.ask(next)
		if err != nil || result.Errno != abi.OK {
			return keys, result.Errno, err
		}
		keys = append(keys, bytes.Clone(result.Fields["next_key"]))
		if len(keys) > most {
			return keys, abi.OK, nil
		}
	}
}

// Do makes a step and returns it with what came of it as what it wants.
func (r *Session) Do(step Step) (Step, error) {
	if step.walks() {
		return r.learnWalk(step)
	}
	c, result, err := r.ask(step)
	if err != nil {
		return step, err
	}
	step.Want = Want{Errno: result.Errno, Words: c.words(result)}
	c.Step.Want = step.Want
	r.scope.enter(c)
	return step, nil
}

// mostKeys is more than programs put into a map.
const mostKeys = 1000

func (r *Session) learnWalk(step Step) (Step, error) {
	keys, errno, err := r.keys(step, mostKeys)
	if err != nil {
		return step, err
	}
	step.Want = Want{}
	if len(keys) == 0 {
		step.Want.Errno = errno
	}
	for _, key := range keys {
		step.Want.Words = append(step.Want.Words, r.scope.shapes[step.Name].keyText(key))
	}
	return step, nil
}

// words are what a call has given back, as text.
func (c *Call) words(got Result) []string {
	switch c.Step.Verb {
	case "lookup_batch", "take_batch":
		return pairWords(c.Shape, pairs(got.Fields["keys"], got.Fields["values"], c.Shape, count(c, got)))
	}
	switch {
	case got.Errno != abi.OK:
	case c.Step.Verb == "next":
		return []string{c.Shape.keyText(got.Fields["next_key"])}
	case c.Step.Verb == "take", c.Step.Verb == "lookup" && c.Shape.Type != abi.BloomFilter:
		return []string{c.Shape.valueText(got.Fields["value"])}
	}
	return nil
}

// pairWords are elements as text, "none" for none.
func pairWords(s Shape, all []pair) (words []string) {
	for _, p := range all {
		words = append(words, s.keyText(p.key)+"="+s.valueText(p.value))
	}
	if len(words) == 0 {
		return []string{"none"}
	}
	return words
}

// Learn is the program with what an implementation answers as what it wants.
func Learn(on Implementation, steps []Step) ([]Step, error) {
	r, err := Begin(on, true)
	if err != nil {
		return nil, err
	}
	learned := make([]Step, len(steps))
	for i, step := range steps {
		if learned[i], err = r.Do(step); err != nil {
			return nil, fmt.Errorf("%s: %w", strings.TrimSpace(step.String()), err)
		}
	}
	return learned, nil
}
