package explore

import (
	"fmt"
	"strconv"
	"strings"
)

// Parse reads a scenario and checks it. Lines that start with # are comments. The error names the line.
func Parse(text string) (Scenario, error) {
	var s Scenario
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if err := s.parseLine(line); err != nil {
			return Scenario{}, fmt.Errorf("line %d, %q: %w", i+1, line, err)
		}
	}
	if err := s.Check(); err != nil {
		return Scenario{}, fmt.Errorf("check scenario: %w", err)
	}
	return s, nil
}

func (s *Scenario) parseLine(line string) error {
	word, rest, _ := strings.Cut(line, " ")
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
	return fmt.Errorf("want map, keys, walk, task, program or contract")
}

func (m *Shape) parse(words []string) error {
	if len(words) == 0 {
		return fmt.Errorf("want a map type")
	}
	for _, t := range Types() {
		if typeWord(t) == words[0] {
			m.Type = t
		}
	}
	return eachWord(words[1:], func(name string, n int) bool {
		switch name {
		case "entries":
			m.Entries = uint32(n)
		case "value":
			m.Value = n
		default:
			return m.flag(name)
		}
		return true
	})
}

func (m *Shape) flag(word string) bool {
	for _, f := range shapeFlags {
		if f.word == word {
			m.Flags |= f.bit
			return true
		}
	}
	return false
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
		return fmt.Errorf("want a way of walking")
	}
	w.Way = words[0]
	return eachWord(words[1:], func(name string, n int) bool {
		switch name {
		case "room":
			w.Room = n
		case "cpu":
			w.CPU = n
		default:
			return false
		}
		return true
	})
}

func (t *Task) parse(line string) error {
	head, ops, _ := strings.Cut(line, ":")
	words := strings.Fields(head)
	if len(words) == 0 {
		return fmt.Errorf("want a name")
	}
	t.Name = words[0]
	for _, op := range strings.Split(ops, ";") {
		if err := t.parseOp(strings.Fields(op)); err != nil {
			return err
		}
	}
	return eachWord(words[1:], func(name string, n int) bool {
		t.CPU = n
		return name == "cpu"
	})
}

func (t *Task) parseOp(words []string) error {
	if len(words) == 0 {
		return nil
	}
	if len(words) != 2 {
		return fmt.Errorf("want a verb and a key, not %q", words)
	}
	key, err := strconv.ParseUint(words[1], 10, 32)
	if err != nil {
		return fmt.Errorf("key %q is no number of 32 bits", words[1])
	}
	t.Ops = append(t.Ops, Op{Verb: words[0], Key: uint32(key)})
	return nil
}

// eachWord reads name=number and bare words; set reports whether it knows the name.
func eachWord(words []string, set func(name string, n int) bool) error {
	for _, word := range words {
		name, number, has := strings.Cut(word, "=")
		n, err := strconv.ParseInt(number, 10, 31)
		if has && err != nil {
			return fmt.Errorf("%q is no number", word)
		}
		if !set(name, int(n)) {
			return fmt.Errorf("unknown word %q", word)
		}
	}
	return nil
}
