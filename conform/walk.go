package conform

import (
	"fmt"
	"strings"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/semantics"
)

// mostBatches is more calls than a walk of a drawn program takes.
const mostBatches = 100

// walkFails judges a walk by batches: by what it owes in any order of the keys, not by what bpfsim answers.
func (s *suite) walkFails(steps []semantics.Step) (why string, upTo []semantics.Step, err error) {
	session, err := semantics.Begin(s.on, true)
	if err != nil {
		return "", nil, err
	}
	w := walk{stays: map[string]bool{}, ever: map[string]bool{}, given: map[string]int{}}
	for i := 0; !w.ended; i++ {
		step := semantics.Step{Verb: "lookup_batch", Name: "m", Settings: []semantics.Setting{{Field: "count", Text: "32"}, {Field: "in_batch", Text: "@out_batch"}}}
		switch {
		case i < len(steps):
			step = steps[i]
		case !w.begun:
			return "", nil, nil // no walk is left
		case i > len(steps)+mostBatches:
			return fmt.Sprintf("the walk does not end: %d calls more", mostBatches), upTo, nil
		}
		if step, err = session.Do(step); err != nil {
			return "", nil, err
		}
		upTo = append(upTo, step)
		if why := w.follow(step); why != "" {
			return why, upTo, nil
		}
	}
	for key := range w.stays {
		if w.given[key] == 0 {
			return fmt.Sprintf("key %s was in the map all the time, and the walk did not come to it", key), upTo, nil
		}
	}
	return "", upTo, nil
}

// walk is what is known of a walk.
type walk struct {
	begun, ended bool
	stays, ever  map[string]bool // keys that were there since the walk began, and that were there at any time
	given        map[string]int
}

// follow takes a step and what came of it into account.
func (w *walk) follow(step semantics.Step) (why string) {
	switch step.Verb {
	case "update", "delete":
		if step.Want.Errno != abi.OK {
			return ""
		}
		key := step.Settings[0].Text
		if step.Verb == "update" {
			w.ever[key] = true
			if !w.begun {
				w.stays[key] = true
			}
			return ""
		}
		delete(w.stays, key)
	case "lookup_batch":
		if !w.begun && step.Settings[1].Text != "-" {
			w.ended = true // the walk's first call was left out
			clear(w.stays)
			return ""
		}
		return w.batch(step)
	}
	return ""
}

func (w *walk) batch(step semantics.Step) string {
	w.begun = true
	w.ended = step.Want.Errno == abi.ENOENT
	if step.Want.Errno != abi.OK && step.Want.Errno != abi.ENOENT && step.Want.Errno != abi.ENOSPC {
		return fmt.Sprintf("a batch ended with %s", step.Want.Errno)
	}
	for _, word := range step.Want.Words {
		key, _, isPair := strings.Cut(word, "=")
		if !isPair {
			continue
		}
		w.given[key]++
		switch {
		case !w.ever[key]:
			return fmt.Sprintf("key %s was never in the map", key)
		case w.given[key] > 1 && w.stays[key]:
			return fmt.Sprintf("key %s was given twice", key)
		}
	}
	return ""
}
