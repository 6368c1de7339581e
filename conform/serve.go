package conform

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/bpfsim/bpfsim/abi"
)

// Serve answers questions as a plugin must, until in ends: with it a Go type becomes a program that `bpfsim conform -- PROGRAM` can ask.
func Serve(in io.Reader, out io.Writer, fresh func() Maps) error {
	return serve(in, out, server{fresh: fresh})
}

// ServeConcurrent is Serve for maps that may be called by several goroutines at once.
func ServeConcurrent(in io.Reader, out io.Writer, fresh func() Maps) error {
	return serve(in, out, server{fresh: fresh, concurrent: true})
}

func serve(in io.Reader, out io.Writer, s server) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, longestLine)
	for lines.Scan() {
		q, err := parseLine(lines.Text())
		if err != nil {
			return fmt.Errorf("serve: %w", err)
		}
		a := s.answer(q)
		if _, err := fmt.Fprintln(out, a); err != nil {
			return fmt.Errorf("serve: %w", err)
		}
		if q.word == togetherWord && a.word == abi.OK.String() {
			if err := s.together(lines, out, int(q.numberOf("calls"))); err != nil {
				return fmt.Errorf("serve: %w", err)
			}
		}
	}
	return lines.Err()
}

type server struct {
	fresh      func() Maps
	concurrent bool
	maps       Maps
	open       map[string]Map
}

// together answers so many questions at the same time, each when it is done.
func (s *server) together(lines *bufio.Scanner, out io.Writer, calls int) error {
	var questions []line
	for range calls {
		if !lines.Scan() {
			return io.ErrUnexpectedEOF
		}
		q, err := parseLine(lines.Text())
		if err != nil {
			return err
		}
		questions = append(questions, q)
	}
	answers := make(chan line, calls)
	for _, q := range questions {
		go func() { answers <- s.answer(q) }()
	}
	for range calls {
		if _, err := fmt.Fprintln(out, <-answers); err != nil {
			return err
		}
	}
	return nil
}

func (s *server) answer(q line) line {
	a := line{number: q.number}
	err := s.do(q, &a)
	errno, known := errnoOf(err)
	switch {
	case errors.Is(err, ErrUnsupported) || !known:
		return line{number: q.number, word: unsupportedWord}
	case errno != abi.OK && a.get("count") == "":
		a.fields = nil
	}
	a.word = errno.String()
	return a
}

func (s *server) do(q line, a *line) (err error) {
	switch q.word {
	case "start":
		if q.numberOf("root") == 0 {
			return ErrUnsupported
		}
		s.maps, s.open = s.fresh(), map[string]Map{}
		return nil
	case "create":
		return s.create(q)
	case togetherWord:
		if !s.concurrent {
			return ErrUnsupported
		}
		return nil
	}
	on, open := s.open[q.name]
	if !open {
		return ErrUnsupported
	}
	key, err := q.bytes("key")
	switch {
	case err != nil:
		return err
	case key == nil && slices.Contains(needKey, q.word) || q.numberOf("elem_flags") != 0 || q.numberOf("flags") != 0 && q.word != "update":
		return ErrUnsupported // as in mock
	}
	return callOn(on, q, key, a)
}

func (s *server) create(q line) (err error) {
	for _, f := range q.fields {
		if !slices.Contains(plain, f.Field) {
			return ErrUnsupported
		}
	}
	s.open[q.name], err = s.maps.Create(Spec{
		Type: q.get("map_type"), KeySize: int(q.numberOf("key_size")), ValueSize: int(q.numberOf("value_size")),
		MaxEntries: int(q.numberOf("max_entries")), Flags: uint32(q.numberOf("map_flags")), CPUs: mockCPUs,
	})
	return err
}

// callOn makes a call and puts what it gave into a.
func callOn(on Map, q line, key []byte, a *line) error {
	give := func(field string, b []byte, err error) error {
		if err == nil {
			a.add(field, b)
		}
		return err
	}
	switch q.word {
	case "lookup":
		value, err := on.Lookup(key)
		return give("value", value, err)
	case "update":
		value, err := q.bytes("value")
		if err != nil {
			return err
		}
		return on.Update(key, value, q.numberOf("flags"))
	case "delete":
		return on.Delete(key)
	case "next":
		next, err := on.NextKey(key)
		return give("next_key", next, err)
	case "freeze":
		if f, ok := on.(Freezer); ok {
			return f.Freeze()
		}
	case "take":
		if t, ok := on.(Taker); ok {
			value, err := t.LookupAndDelete(key)
			return give("value", value, err)
		}
	case "lookup_batch", "take_batch":
		if read := reader(on, q.word); read != nil {
			return serveBatch(read, q, a)
		}
	}
	return ErrUnsupported
}

func serveBatch(read read, q line, a *line) error {
	cursor, err := q.bytes("in_batch")
	if err != nil {
		return err
	}
	keys, values, next, err := read(cursor, int(q.numberOf("count")))
	a.addNumber("count", uint64(len(keys)))
	a.add("keys", slices.Concat(keys...))
	a.add("values", slices.Concat(values...))
	if next != nil {
		a.add("out_batch", next)
	}
	return err
}
