package conform

import (
	"errors"
	"fmt"
	"sync"

	"github.com/bpfsim/bpfsim/abi"
)

// crowd is an implementation that may be called by several at once, with one map at a time.
type crowd interface {
	// create makes the map anew.
	create(Spec) error
	// together makes all calls at the same time. The error is ErrUnsupported where something is not there, and another one where it did not
	// answer as it must.
	together(calls ...call) ([]reply, error)
}

// call is one of the calls that are made at the same time.
type call struct {
	verb       string // as in the protocol: lookup, update, delete, take
	key, value []byte
	flags      uint64
}

// reply is what comes of it: a value, of lookup and take.
type reply struct {
	errno abi.Errno
	value []byte
}

// goType is a Go type whose maps are called by goroutines.
type goType struct {
	fresh func() Maps
	m     Map
}

func (g *goType) create(spec Spec) (err error) {
	g.m, err = g.fresh().Create(spec)
	return err
}

func (g *goType) together(calls ...call) ([]reply, error) {
	var start, done sync.WaitGroup
	start.Add(1)
	replies, errs := make([]reply, len(calls)), make([]error, len(calls))
	for i, c := range calls {
		done.Go(func() {
			start.Wait()
			replies[i], errs[i] = g.do(c)
		})
	}
	start.Done()
	done.Wait()
	return replies, errors.Join(errs...)
}

func (g *goType) do(c call) (r reply, err error) {
	var answer error
	switch c.verb {
	case "lookup":
		r.value, answer = g.m.Lookup(c.key)
	case "update":
		answer = g.m.Update(c.key, c.value, c.flags)
	case "delete":
		answer = g.m.Delete(c.key)
	case "take":
		taker, ok := g.m.(Taker)
		if !ok {
			return r, ErrUnsupported
		}
		r.value, answer = taker.LookupAndDelete(c.key)
	}
	errno, known := errnoOf(answer)
	switch {
	case errors.Is(answer, ErrUnsupported):
		return r, answer
	case !known:
		return r, fmt.Errorf("an error that is no errno: %w", answer)
	}
	r.errno = errno
	return r, nil
}

// Plugins are asked with "together", and may say that they do not know it.

func (p *Plugin) create(spec Spec) error {
	if err := p.Start(true); err != nil {
		return err
	}
	q := line{word: "create", name: "m"}
	q.fields = append(q.fields, setting("map_type", spec.Type))
	q.addNumber("key_size", uint64(spec.KeySize))
	q.addNumber("value_size", uint64(spec.ValueSize))
	q.addNumber("max_entries", uint64(spec.MaxEntries))
	q.addNumber("map_flags", uint64(spec.Flags))
	a, err := p.ask(q)
	if err != nil {
		return err
	}
	if errno, err := errnoWord(a.word); err != nil || errno != abi.OK {
		return p.wrong(fmt.Errorf("%q: want OK, got %q", q, a.word))
	}
	return nil
}

func (p *Plugin) together(calls ...call) ([]reply, error) {
	q := line{word: togetherWord}
	q.addNumber("calls", uint64(len(calls)))
	a, err := p.ask(q)
	if err != nil {
		return nil, err
	}
	if a.word != abi.OK.String() {
		return nil, p.wrong(fmt.Errorf("%q: want OK, got %q", q, a.word))
	}
	questions := make(map[int]int) // calls by number
	for i, c := range calls {
		p.asked++
		q := c.question(p.asked)
		if err := p.say(q); err != nil {
			return nil, err
		}
		questions[q.number] = i
	}
	replies := make([]reply, len(calls))
	var missing error
	for len(questions) > 0 {
		switch err := p.hear(calls, questions, replies); {
		case errors.Is(err, ErrUnsupported):
			missing = err // the others' answers come, too
		case err != nil:
			return nil, err
		}
	}
	return replies, missing
}

// hear takes the next answer, whosever it is.
func (p *Plugin) hear(calls []call, questions map[int]int, replies []reply) error {
	text, err := p.next(line{word: togetherWord})
	if err != nil {
		return err
	}
	a, err := parseLine(text)
	if err != nil {
		return p.wrong(err)
	}
	i, known := questions[a.number]
	if !known {
		return p.wrong(fmt.Errorf("answered number %d, which is none of the calls at the same time", a.number))
	}
	delete(questions, a.number)
	if a.word == unsupportedWord {
		return fmt.Errorf("%s: %w", calls[i].verb, ErrUnsupported)
	}
	if replies[i].errno, err = errnoWord(a.word); err != nil {
		return p.wrong(err)
	}
	if replies[i].value, err = a.bytes("value"); err != nil {
		return p.wrong(fmt.Errorf("answer to %q: %w", calls[i].question(a.number), err))
	}
	return nil
}

func (c call) question(number int) line {
	q := line{number: number, word: c.verb, name: "m"}
	q.add("key", c.key)
	if c.verb == "update" {
		q.add("value", c.value)
	}
	if c.flags != 0 {
		q.addNumber("flags", c.flags)
	}
	return q
}

// togetherWord begins calls at the same time.
const togetherWord = "together"
