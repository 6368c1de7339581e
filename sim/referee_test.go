package sim

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// elsewhere runs two tasks of two steps each without a machine.
func elsewhere(c Chooser, check func([]string) error) (Trace, error) {
	r := NewReferee(c)
	a, b := r.Join("a"), r.Join("b")
	left := map[*Task]int{a: 2, b: 2}
	var running *Task
	var order []string
	for {
		var ready []*Task
		for _, t := range []*Task{running, a, b} {
			if left[t] > 0 && (len(ready) == 0 || ready[0] != t) {
				ready = append(ready, t)
			}
		}
		if len(ready) == 0 {
			break
		}
		next, err := r.Next(ready[0] == running, ready...)
		if err != nil {
			return r.Trace(), err
		}
		running = next
		left[next]--
		order = append(order, next.Name())
	}
	if err := r.End(); err != nil {
		return r.Trace(), err
	}
	if err := check(order); err != nil {
		return r.Trace(), &CheckError{Trace: r.Trace(), Err: err}
	}
	return r.Trace(), nil
}

func TestReferee(t *testing.T) {
	seen := map[string]bool{}
	dfs := NewDFS(Unbounded)
	for dfs.Next() {
		trace, err := elsewhere(dfs, func(order []string) error { seen[fmt.Sprint(order)] = true; return nil })
		require.NoError(t, err)
		replay, err := ParseReplay(trace.String())
		require.NoError(t, err)
		again, err := elsewhere(replay, func([]string) error { return nil })
		require.NoError(t, err)
		require.Equal(t, trace, again)
	}
	require.Equal(t, 6, dfs.Count())
	require.Len(t, seen, 6)
	replay, err := ParseReplay("9:b")
	require.NoError(t, err)
	_, err = elsewhere(replay, nil)
	require.EqualError(t, err, "the schedule does not fit: 9:b: the run has 4 steps, 0 to 3")
}

// kindError is like others of its kind only.
type kindError string

func (e kindError) Error() string        { return string(e) }
func (e kindError) Is(target error) bool { return target == error(e) }

func TestShrinkRunKeepsToItsError(t *testing.T) {
	check := func(order []string) error {
		switch fmt.Sprint(order) {
		case "[a b a b]", "[a b b a]":
			return kindError("between")
		case "[b a b a]", "[b b a a]", "[b a a b]":
			return kindError("before")
		}
		return nil
	}
	run := func(c Chooser) (Trace, error) { return elsewhere(c, check) }
	replay, err := ParseReplay("1:b 2:a")
	require.NoError(t, err)
	_, err = run(replay)
	require.ErrorContains(t, err, "between")
	trace, err := ShrinkRun(run, err)
	require.True(t, errors.Is(err, kindError("between")))
	require.Equal(t, "1:b", trace.String())
	require.Panics(t, func() { _, _ = ShrinkRun(run, errors.New("not of a run")) })
}

// A schedule with one turn less may fail in another way: that one is not what was to be made simpler.
func TestShrinkRunRefusesAnotherFailure(t *testing.T) {
	run := func(c Chooser) (Trace, error) {
		return elsewhere(c, func(order []string) error {
			switch {
			case fmt.Sprint(order) == "[b a b a]":
				return kindError("in turns")
			case order[0] == "b":
				return kindError("otherwise")
			}
			return nil
		})
	}
	replay, err := ParseReplay("0:b 1:a 2:b")
	require.NoError(t, err)
	_, err = run(replay)
	require.ErrorContains(t, err, "in turns")
	trace, err := ShrinkRun(run, err)
	require.ErrorContains(t, err, "in turns")
	require.Equal(t, "0:b 1:a 2:b", trace.String())
}

// A turn whose step passed without a choice is no turn of this run.
func TestReplayOfAPassedTurn(t *testing.T) {
	replay, err := ParseReplay("1:b")
	require.NoError(t, err)
	r := NewReferee(replay)
	a, b := r.Join("a"), r.Join("b")
	for range 2 {
		_, err = r.Next(true, a)
		require.NoError(t, err)
	}
	_, err = r.Next(true, a, b)
	require.ErrorContains(t, err, "1:b")
}

// Each schedule of PCT draws its priorities anew.
func TestPCTDrawsPriorities(t *testing.T) {
	first := map[string]bool{}
	for pct := NewPCT(1, 1, 30); pct.Next(); {
		r := NewReferee(pct)
		next, err := r.Next(false, r.Join("a"), r.Join("b"))
		require.NoError(t, err)
		first[next.Name()] = true
	}
	require.Len(t, first, 2)
}
