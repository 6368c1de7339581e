package explore

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Parse reads a scenario (Grammar says what it looks like) and checks it. The error names the line.
func Parse(text string) (Scenario, error) {
	var s Scenario
	seen := make(map[string]bool)
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if err := s.parseLine(line, seen); err != nil {
			return Scenario{}, fmt.Errorf("line %d, %q: %w", i+1, line, err)
		}
	}
	if err := complete(seen); err != nil {
		return Scenario{}, err
	}
	if err := s.Check(); err != nil {
		return Scenario{}, fmt.Errorf("check scenario: %w", err)
	}
	return s, nil
}

// complete reports which line is not among those seen.
func complete(seen map[string]bool) error {
	if len(seen) == 0 {
		return fmt.Errorf("the scenario is empty: want the lines map, keys, walk, task or program, and contract")
	}
	for _, word := range []string{"map", "walk", "contract"} {
		if !seen[word] {
			return fmt.Errorf("the scenario has no line %q", word)
		}
	}
	return nil
}

// parseLine reads a line; seen are the first words of those before it.
func (s *Scenario) parseLine(line string, seen map[string]bool) error {
	word, rest, _ := strings.Cut(line, " ")
	once := word == "map" || word == "walk" || word == "contract"
	if once && seen[word] {
		return fmt.Errorf("a second line %q", word)
	}
	seen[word] = true
	switch word {
	case "map":
		return s.Map.parse(strings.Fields(rest))
	case "keys":
		return s.parseKeys(strings.Fields(rest))
	case "walk":
		return s.Walk.parse(strings.Fields(rest))
	case "task", "program":
		t := Task{Program: word == "program"}
		err := t.parse(rest)
		s.Tasks = append(s.Tasks, t)
		return err
	case "contract":
		s.Contract = strings.TrimSpace(rest)
		return nil
	}
	return fmt.Errorf("no line begins with %q: want map, keys, walk, task, program or contract", word)
}

func (m *Shape) parse(words []string) error {
	types := typeWords()
	at := -1
	if len(words) > 0 {
		at = slices.Index(types, words[0])
	}
	if at < 0 {
		return fmt.Errorf("want a map type that can be walked: %s", oneOf(types))
	}
	m.Type = Types()[at]
	settings, flags := map[string]func(int){
		"entries": func(n int) { m.Entries = uint32(n) }, "value": func(n int) { m.Value = n }, "key": func(n int) { m.Key = n },
	}, map[string]func(){}
	for _, f := range shapeFlags {
		flags[f.word] = func() { m.Flags |= f.bit }
	}
	return eachWord(words[1:], settings, flags)
}

// typeWords are the map types in the order of Types.
func typeWords() []string {
	var words []string
	for _, t := range Types() {
		words = append(words, typeWord(t))
	}
	return words
}

func (s *Scenario) parseKeys(words []string) error {
	for _, word := range words {
		key, err := strconv.ParseUint(word, 10, 32)
		if err != nil {
			return fmt.Errorf("key %q is no number of 32 bits", word)
		}
		s.Keys = append(s.Keys, uint32(key))
	}
	return nil
}

func (w *Walk) parse(words []string) error {
	if len(words) == 0 {
		return fmt.Errorf("want a walk: %s", oneOf(wayNames()))
	}
	w.Way = words[0]
	return eachWord(words[1:], map[string]func(int){
		"room": func(n int) { w.Room = n }, "cpu": func(n int) { w.CPU = n }, "fault": func(n int) { w.Fault = n },
	}, nil)
}

func (t *Task) parse(line string) error {
	head, ops, _ := strings.Cut(line, ":")
	words := strings.Fields(head)
	if len(words) == 0 {
		return fmt.Errorf("want a name")
	}
	t.Name = words[0]
	for _, op := range strings.Split(ops, ";") {
		if err := t.parseCall(op); err != nil {
			return err
		}
	}
	return eachWord(words[1:], map[string]func(int){"cpu": func(n int) { t.CPU = n }}, nil)
}

// parseCall reads an operation, or several of one call: a verb and keys with commas between.
func (t *Task) parseCall(text string) error {
	first, more, several := strings.Cut(text, ",")
	words := strings.Fields(first)
	if err := t.parseOp(words); err != nil || !several {
		return err
	}
	for key := range strings.SplitSeq(more, ",") {
		if err := t.parseOp(append(words[:min(1, len(words)):1], strings.Fields(key)...)); err != nil {
			return err
		}
		t.Ops[len(t.Ops)-1].Joined = true
	}
	return nil
}

func (t *Task) parseOp(words []string) error {
	switch {
	case len(words) == 0:
		return nil
	case len(words) == 1 && words[0] == "signal":
		t.Ops = append(t.Ops, Op{Verb: "signal"})
		return nil
	case len(words) != 2 || words[0] == "signal":
		return fmt.Errorf("want a verb and a key, not %q", words)
	}
	key, err := strconv.ParseUint(words[1], 10, 32)
	if err != nil {
		return fmt.Errorf("key %q is no number of 32 bits", words[1])
	}
	t.Ops = append(t.Ops, Op{Verb: words[0], Key: uint32(key)})
	return nil
}

// eachWord reads settings, name=number, and flags, which are bare words.
func eachWord(words []string, settings map[string]func(int), flags map[string]func()) error {
	for _, word := range words {
		name, number, has := strings.Cut(word, "=")
		set, flag := settings[name], flags[name]
		switch {
		case has && set != nil:
			n, err := strconv.ParseInt(number, 10, 31)
			if err != nil {
				return fmt.Errorf("%q is no number", word)
			}
			set(int(n))
		case !has && flag != nil:
			flag()
		default:
			return fmt.Errorf("unknown word %q: want %s", word, oneOf(choices(settings, flags)))
		}
	}
	return nil
}

func choices(settings map[string]func(int), flags map[string]func()) []string {
	words := slices.Sorted(maps.Keys(flags))
	for name := range settings {
		words = append(words, name+"=NUMBER")
	}
	slices.Sort(words)
	return words
}

// oneOf is a choice in words.
func oneOf(words []string) string {
	if len(words) == 1 {
		return words[0]
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}
