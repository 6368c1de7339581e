package replay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/recording"
)

// Load reads a recording up to its call with a number, the last one for 0.
func Load(r *recording.Reader, number int) (entries []any, err error) {
	for calls := 0; number == 0 || calls < number; {
		entry, err := r.Next()
		if errors.Is(err, io.EOF) {
			return entries, nil
		}
		if err != nil {
			return nil, err
		}
		entries = append(entries, entry)
		if _, ok := entry.(*recording.Call); ok {
			calls++
		}
	}
	return entries, nil
}

// Shrink leaves out calls of a recording, which ends with the call of d, as long as the side answers this call as in d, all that are left before as
// recorded, and the specification takes the recorded answers to all of them for right. Where it does not do so with all calls, those that changed
// what the last one is about stay. It ends early when ctx is done. progress, unless nil, is told how many calls are left after each try.
func Shrink(ctx context.Context, h recording.Header, entries []any, d *Difference, side Side, progress func(left, tried int)) ([]any, error) {
	s := &shrinker{ctx: ctx, header: h, side: side, want: d.Answer, progress: progress}
	if s.specified = allowed(h, entries); !s.specified {
		s.changes = s.count(entries)
	}
	if !s.shows(entries) {
		return nil, fmt.Errorf("shrink: %s gives another answer to the calls up to number %d this time", side.Name(), d.Number)
	}
	entries = s.withoutObjects(entries)
	for size := (len(entries) - 1) / 2; size > 0; size /= 2 {
		for at := 0; at+size < len(entries); {
			if shorter := slices.Delete(slices.Clone(entries), at, at+size); s.try(shorter) {
				entries = shorter
				continue
			}
			at += size
		}
	}
	return entries, nil
}

type shrinker struct {
	ctx       context.Context
	header    recording.Header
	side      Side
	want      Answer
	specified bool // the specification judges the recording
	changes   int  // calls that may have changed what the last one is about, where that is to be kept
	tried     int
	progress  func(left, tried int)
}

// withoutObjects leaves out all that is about one object, one after the other.
func (s *shrinker) withoutObjects(entries []any) []any {
	for _, name := range objectsOf(entries) {
		shorter := slices.DeleteFunc(slices.Clone(entries), func(e any) bool { return slices.Contains(about(e), name) })
		if len(shorter) > 0 && shorter[len(shorter)-1] == entries[len(entries)-1] && s.try(shorter) {
			entries = shorter
		}
	}
	return entries
}

func objectsOf(entries []any) (names []string) {
	for _, e := range entries {
		for _, name := range about(e) {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

// about are the names of the objects that a call or event is about.
func about(e any) (names []string) {
	switch e := e.(type) {
	case recording.Event:
		name, _, _ := strings.Cut(e.What, ",")
		return []string{objectName(name)}
	case *recording.Call:
		for _, t := range e.Told {
			answer := t.Answer
			if _, name, ok := strings.Cut(answer, ","); ok && t.Question == "new" {
				answer = name
			}
			if question, _, _ := strings.Cut(t.Question, ":"); question == "fd" || question == "new" || question == "get" {
				names = append(names, objectName(answer))
			}
		}
	}
	return names
}

// try reports whether what is left still shows the difference.
func (s *shrinker) try(left []any) bool {
	if s.ctx.Err() != nil {
		return false
	}
	s.tried++
	ok := s.count(left) >= s.changes && s.shows(left) && (!s.specified || allowed(s.header, left))
	if s.progress != nil {
		s.progress(len(left), s.tried)
	}
	return ok
}

// shows reports whether the last call is answered as wanted, and all before as recorded.
func (s *shrinker) shows(entries []any) bool {
	if s.side.Start(s.header) != nil {
		return false
	}
	for i, entry := range entries {
		if e, ok := entry.(recording.Event); ok {
			s.side.Event(e)
			continue
		}
		c := entry.(*recording.Call)
		a, why := s.side.Call(c)
		if i == len(entries)-1 {
			return why == "" && !differs(&recording.Call{Ret: s.want.Ret, Errno: s.want.Errno, Wrote: s.want.Wrote}, a)
		}
		if why == "" && differs(c, a) {
			return false
		}
	}
	return false
}

// count is how many calls may have changed what the last one is about.
func (s *shrinker) count(entries []any) (n int) {
	last := about(entries[len(entries)-1])
	for _, e := range entries {
		if c, ok := e.(*recording.Call); ok && c.Errno == abi.OK && meet(about(e), last) {
			n++
		}
	}
	return n
}

func meet(a, b []string) bool {
	return slices.ContainsFunc(a, func(name string) bool { return slices.Contains(b, name) })
}
