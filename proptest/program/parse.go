package program

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/bpfsim/bpfsim/abi"
)

// Parse reads a program's text. Empty lines and lines that begin with # are comments. Errors name the line.
func Parse(text string) (Program, error) {
	var p Program
	for i, line := range strings.Split(text, "\n") {
		if trimmed := strings.TrimSpace(line); trimmed == "" || trimmed[0] == '#' {
			continue
		}
		if err := p.parseLine(line); err != nil {
			return Program{}, fmt.Errorf("line %d: %w", i+1, err)
		}
	}
	if p.Machine.CPUs == 0 {
		return Program{}, fmt.Errorf("no machine line")
	}
	return p, nil
}

func (p *Program) parseLine(line string) error {
	words, err := Words(line)
	if err != nil {
		return err
	}
	switch {
	case words[0] == "machine":
		p.Machine, err = parseMachine(words[1:])
	case strings.HasPrefix(words[0], "before="):
		err = p.parseNested(words)
	default:
		var s Step
		if s, err = ParseStep(words); err == nil {
			p.Steps = append(p.Steps, s)
		}
	}
	return err
}

// Words cuts a line into words at spaces; a quoted string is part of the word it stands in.
func Words(line string) ([]string, error) {
	var words []string
	for line = strings.TrimSpace(line); line != ""; line = strings.TrimSpace(line) {
		end := strings.IndexAny(line, " \"")
		switch {
		case end < 0:
			end = len(line)
		case line[end] == '"':
			quoted, err := strconv.QuotedPrefix(line[end:])
			if err != nil {
				return nil, fmt.Errorf("quoted string in %q: %w", line, err)
			}
			end += len(quoted)
		}
		words = append(words, line[:end])
		line = line[end:]
	}
	return words, nil
}

func parseMachine(words []string) (Machine, error) {
	var m Machine
	for _, w := range words {
		name, value, _ := strings.Cut(w, "=")
		var err error
		switch name {
		case "cpus":
			m.CPUs, err = strconv.Atoi(value)
		case "memory":
			m.Memory, err = strconv.Atoi(value)
		case "bpf":
			m.BPF, err = strconv.ParseBool(value)
		case "sysadmin":
			m.SysAdmin, err = strconv.ParseBool(value)
		case "linux":
			var known bool
			if m.Linux, known = abi.ParseRelease(value); !known {
				err = fmt.Errorf("%q is no version of Linux", value)
			}
		case "without":
			m.Without = append(m.Without, Feature(value))
		default:
			err = fmt.Errorf("unknown word %q", w)
		}
		if err != nil {
			return m, fmt.Errorf("machine: %w", err)
		}
	}
	if m.CPUs < 1 || m.CPUs > MaxCPUs {
		return m, fmt.Errorf("machine: cpus=%d is not in 1..%d", m.CPUs, MaxCPUs)
	}
	if m.Memory < 0 || m.Memory > MaxExtra || m.Memory%PageSize != 0 {
		return m, fmt.Errorf("machine: memory=%d is no multiple of %d up to %d", m.Memory, PageSize, MaxExtra)
	}
	return m, nil
}

func (p *Program) parseNested(words []string) error {
	before, err := strconv.Atoi(strings.TrimPrefix(words[0], "before="))
	if err != nil {
		return fmt.Errorf("before: %w", err)
	}
	if len(p.Steps) == 0 {
		return fmt.Errorf("nothing to run inside of")
	}
	c, ok := p.Steps[len(p.Steps)-1].Action.(*Call)
	if !ok || !loops(c.Cmd) {
		return fmt.Errorf("only dumps have steps inside")
	}
	s, err := ParseStep(words[1:])
	if err != nil {
		return err
	}
	c.During = append(c.During, Nested{Before: before, Step: s})
	return nil
}

func ParseStep(words []string) (Step, error) {
	if len(words) < 2 {
		return Step{}, fmt.Errorf("a step is a CPU and an action")
	}
	cpu, err := strconv.Atoi(strings.TrimPrefix(words[0], "cpu"))
	if err != nil || cpu < 0 {
		return Step{}, fmt.Errorf("%q is no CPU", words[0])
	}
	action, err := parseAction(words[1], words[2:])
	return Step{CPU: cpu, Action: action}, err
}

func parseAction(verb string, words []string) (Action, error) {
	if event, ok := events[verb]; ok {
		return event(words)
	}
	cmd, ok := abi.CmdByName(verb)
	if !ok {
		n, err := strconv.ParseUint(verb, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("%q is neither a command nor an event", verb)
		}
		cmd = abi.Cmd(n)
	}
	return parseCall(cmd, words)
}

func parseCall(cmd abi.Cmd, words []string) (*Call, error) {
	c := &Call{Cmd: cmd}
	if len(words) < 2 {
		return c, fmt.Errorf("%s: address and size are missing", cmd)
	}
	var err error
	if c.Attr, err = parseAddress(words[0]); err != nil {
		return c, err
	}
	size, err := strconv.ParseUint(strings.TrimPrefix(words[1], "size="), 10, 32)
	if err != nil {
		return c, fmt.Errorf("%s: %w", cmd, err)
	}
	c.Size = uint32(size)
	return c, c.parseRest(words[2:])
}

// parseRest reads {contents}, memory and the fd of the result.
func (c *Call) parseRest(words []string) (err error) {
	if len(words) > 0 && words[0] == "{" {
		end := slices.IndexFunc(words, func(w string) bool { return w == "}" })
		if end < 0 {
			return fmt.Errorf("%s: } is missing", c.Cmd)
		}
		if c.Contents, err = parseContents(c.Cmd, c.Size, words[1:end]); err != nil {
			return err
		}
		words = words[end+1:]
	}
	if n := len(words); n >= 2 && words[n-2] == "->" {
		as, err := strconv.ParseInt(words[n-1], 10, 32)
		if err != nil {
			return fmt.Errorf("%s: %w", c.Cmd, err)
		}
		c.As = int32(as)
		words = words[:n-2]
	}
	c.Memory, err = parseMemory(words)
	return err
}

func parseMemory(words []string) ([]Write, error) {
	var memory []Write
	for _, w := range words {
		at, text, ok := strings.Cut(w, "=")
		addr, err := parseAddress(at)
		if err != nil || !ok {
			return nil, fmt.Errorf("%q is not address=bytes", w)
		}
		bytes, err := hex.DecodeString(text)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", w, err)
		}
		memory = append(memory, Write{Addr: addr, Bytes: bytes})
	}
	return memory, nil
}

// maxContents bounds the attr that a text can ask for.
const maxContents = 2 * PageSize

func parseContents(cmd abi.Cmd, size uint32, words []string) ([]byte, error) {
	contents := make([]byte, maxContents)
	length := int(min(size, maxContents))
	for _, w := range words {
		name, value, ok := strings.Cut(w, "=")
		if !ok || name == "" {
			return nil, fmt.Errorf("%s: %q is not name=value", cmd, w)
		}
		var err error
		switch {
		case name == "bytes":
			length, err = strconv.Atoi(value)
		case name[0] == '+':
			err = parseBytes(contents, name[1:], value)
		default:
			err = parseField(contents, cmd, name, value)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w", cmd, w, err)
		}
	}
	if length < 0 || length > maxContents {
		return nil, fmt.Errorf("%s: bytes=%d is not in 0..%d", cmd, length, maxContents)
	}
	return contents[:length:length], nil
}

func parseBytes(contents []byte, at, text string) error {
	off, err := strconv.Atoi(at)
	if err != nil {
		return err
	}
	bytes, err := hex.DecodeString(text)
	if err != nil {
		return err
	}
	if off < 0 || off > maxContents-len(bytes) {
		return fmt.Errorf("offset %d is not in attr", off)
	}
	copy(contents[off:], bytes)
	return nil
}

func parseField(contents []byte, cmd abi.Cmd, name, value string) error {
	if f, ok := abi.FieldOf(cmd, name); ok {
		return parseValue(f, contents[f.Offset:f.End()], value)
	}
	return fmt.Errorf("no such field")
}

func parseValue(f abi.Field, b []byte, value string) error {
	switch f.Kind {
	case abi.Name:
		text, err := strconv.Unquote(value)
		copy(b, text)
		return err
	case abi.Pointer, abi.String:
		addr, err := parseAddress(value)
		PutWord(b, addr)
		return err
	case abi.FD:
		n, err := strconv.ParseInt(value, 10, 32)
		PutWord(b, uint64(n))
		return err
	}
	n, err := strconv.ParseUint(value, 0, 8*f.Size)
	PutWord(b, n)
	return err
}

func parseAddress(text string) (uint64, error) {
	if off, ok := strings.CutPrefix(text, "@"); ok {
		n, err := strconv.ParseUint(off, 16, 32)
		return Base + n, err
	}
	return strconv.ParseUint(text, 0, 64)
}
