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
	s := server{fresh: fresh}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, longestLine)
	for lines.Scan() {
		q, err := parseLine(lines.Text())
		if err != nil {
			return fmt.Errorf("serve: %w", err)
		}
		if _, err := fmt.Fprintln(out, s.answer(q)); err != nil {
			return fmt.Errorf("serve: %w", err)
		}
	}
	return lines.Err()
}

type server struct {
	fresh func() Maps
	maps  Maps
	open  map[string]Map
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
	return call(on, q, key, a)
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

// call makes a call and puts what it gave into a.
func call(on Map, q line, key []byte, a *line) error {
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
