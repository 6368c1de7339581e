package recording

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/program"
)

// parseEvent reads an event's line; false for a line of something else.
func parseEvent(words []string) (Event, bool, error) {
	if !slices.Contains([]string{Gone, Unpinned, Vanished, Stored, Helped, Beside}, words[0]) {
		return Event{}, false, nil
	}
	if len(words) != 2 {
		return Event{}, true, fmt.Errorf("%s: want one word behind it", words[0])
	}
	what, err := unword(words[1])
	e := Event{words[0], what}
	if err == nil && e.Verb == Stored {
		_, err = ParseStore(e)
	}
	if err == nil && e.Verb == Helped {
		_, err = ParseHelp(e)
	}
	return e, true, err
}

// unword is the inverse of word.
func unword(text string) (string, error) {
	if !strings.HasPrefix(text, `"`) {
		return text, nil
	}
	return strconv.Unquote(text)
}

// parseCall reads a call's line.
func parseCall(words []string) (*Call, error) {
	c := new(Call)
	if len(words) < 4 {
		return nil, errors.New("a call is a caller, a time and a step")
	}
	process, thread, _ := strings.Cut(words[0], "/")
	var err error
	if c.Process, err = strconv.Atoi(process); err != nil {
		return nil, fmt.Errorf("process: %w", err)
	}
	if c.Thread, err = strconv.Atoi(thread); err != nil {
		return nil, fmt.Errorf("thread: %w", err)
	}
	if c.At, err = time.ParseDuration(words[1]); err != nil {
		return nil, fmt.Errorf("time: %w", err)
	}
	end := slices.Index(words, resultWord)
	if end < 0 || end+1 >= len(words) {
		return nil, errors.New("the result is missing")
	}
	step, err := program.ParseStep(words[2:end])
	if err != nil {
		return nil, err
	}
	call, ok := step.Action.(*program.Call)
	if !ok {
		return nil, fmt.Errorf("%s is no call", words[3])
	}
	c.CPU, c.Call = step.CPU, *call
	if err := c.parseResult(words[end+1]); err != nil {
		return nil, err
	}
	return c, c.parseParts(words[end+2:])
}

func (c *Call) parseResult(word string) (err error) {
	if n, err := strconv.ParseInt(word, 10, 32); err == nil {
		c.Ret = int32(n)
		return nil
	}
	c.Errno, err = ParseErrno(word)
	return err
}

// ParseErrno reads an errno as recordings have it.
func ParseErrno(word string) (abi.Errno, error) {
	if e, ok := abi.ErrnoByName(word); ok {
		return e, nil
	}
	n, err := strconv.ParseUint(strings.TrimPrefix(word, "errno"), 10, 12)
	if err != nil {
		return 0, fmt.Errorf("%q is neither a result nor an errno", word)
	}
	return abi.Errno(n), nil
}

// parts read the words behind a word that begins a part of a line, up to the next one.
var parts = map[string]func(c *Call, words []string) error{
	wroteWord: func(c *Call, words []string) error {
		for _, w := range words {
			at, text, _ := strings.Cut(w, "=")
			addr, err := strconv.ParseUint(at, 0, 64)
			if err != nil {
				return err
			}
			bytes, err := hex.DecodeString(text)
			if err != nil {
				return err
			}
			c.Wrote = append(c.Wrote, program.Write{Addr: addr, Bytes: bytes})
		}
		return nil
	},
	faultWord: func(c *Call, words []string) error {
		for _, w := range words {
			how, at, _ := strings.Cut(w, "=")
			addr, err := strconv.ParseUint(at, 0, 64)
			if err != nil {
				return err
			}
			c.Faulted = append(c.Faulted, Fault{addr, how == "write"})
		}
		return nil
	},
	toldWord: func(c *Call, words []string) error {
		for _, w := range words {
			question, answer, ok := strings.Cut(w, "=")
			if !ok {
				return fmt.Errorf("%q is not question=answer", w)
			}
			text, err := unword(answer)
			if err != nil {
				return err
			}
			c.Told = append(c.Told, Told{question, text})
		}
		return nil
	},
	injectWord: func(c *Call, words []string) (err error) {
		if len(words) != 3 {
			return errors.New("want an errno, after and delay")
		}
		if c.Injected.Errno, err = ParseErrno(words[0]); err != nil {
			return err
		}
		after, err := strconv.ParseUint(strings.TrimPrefix(words[1], "after="), 10, 32)
		if err != nil {
			return err
		}
		c.Injected.After = uint32(after)
		c.Injected.Delay, err = time.ParseDuration(strings.TrimPrefix(words[2], "delay="))
		return err
	},
	overlapWord: func(c *Call, _ []string) error {
		c.Overlaps = true
		return nil
	},
}

func (c *Call) parseParts(words []string) error {
	for len(words) > 0 {
		part, ok := parts[words[0]]
		if !ok {
			return fmt.Errorf("%q begins no part of a call", words[0])
		}
		name := words[0]
		n := slices.IndexFunc(words[1:], func(w string) bool { return parts[w] != nil })
		if n < 0 {
			n = len(words) - 1
		}
		if err := part(c, words[1:1+n]); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		words = words[1+n:]
	}
	return nil
}
