package conform

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"time"

	"github.com/bpfsim/bpfsim/semantics"
)

// Plugin is a program that answers questions on its standard output, one line for each line on its standard input (docs/conform.md).
type Plugin struct {
	// Command is the program and its arguments.
	Command []string
	// Timeout is how long an answer may take; 0 means DefaultTimeout.
	Timeout time.Duration
	// Stderr is where what the program says on standard error goes; nil means nowhere.
	Stderr io.Writer

	ctx     context.Context
	process *process // nil where it has to be started
	asked   int
	trouble int
	// answered is set once it has answered.
	answered bool
	nextKey  []byte // what the plugin answered last
	cursor   []byte
}

const (
	// DefaultTimeout is how long an answer of a plugin may take.
	DefaultTimeout = 5 * time.Second
	// startTimeout is how long the first answer of a process may take, at least.
	startTimeout = 10 * time.Second
	// mostTrouble is how often a plugin may die, hang or answer nonsense before nothing more is asked.
	mostTrouble = 10
	// longestLine bounds an answer, in bytes.
	longestLine = 1 << 20
)

// NewPlugin is a plugin that is started when it is first asked, and ended by Close or when the context is done.
func NewPlugin(ctx context.Context, command ...string) *Plugin {
	return &Plugin{Command: command, ctx: ctx}
}

// process is a plugin that runs.
type process struct {
	cmd     *exec.Cmd
	in      io.WriteCloser
	answers chan string // closed at the end of its output
	end     context.CancelFunc
}

// Name is the command.
func (p *Plugin) Name() string { return strings.Join(p.Command, " ") }

// CPUs is the number of possible CPUs that plugins are told of.
func (p *Plugin) CPUs() int { return mockCPUs }

// Start begins a new program.
func (p *Plugin) Start(root bool) error {
	if p.process == nil {
		if err := p.launch(); err != nil {
			return fatal{fmt.Errorf("start plugin: %w", err)}
		}
	}
	l := line{word: "start"}
	l.addNumber("cpus", mockCPUs)
	l.addNumber("root", map[bool]uint64{true: 1}[root])
	answer, err := p.ask(l)
	switch {
	case err != nil && !p.answered && !errors.Is(err, ErrUnsupported):
		return fatal{err} // it never worked
	case err != nil:
		return err
	}
	p.answered = true
	if errno, err := errnoWord(answer.word); err != nil || errno != 0 {
		return p.wrong(fmt.Errorf("start: want OK, got %q", answer.word))
	}
	return nil
}

func (p *Plugin) launch() error {
	ctx, cancel := context.WithCancel(p.ctx)
	cmd := exec.CommandContext(ctx, p.Command[0], p.Command[1:]...)
	cmd.Stderr, cmd.WaitDelay = p.Stderr, time.Second
	in, err := cmd.StdinPipe()
	if err != nil {
		cancel()
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		cancel()
		return err
	}
	if err := cmd.Start(); err != nil {
		cancel()
		return err
	}
	p.process = &process{cmd: cmd, in: in, answers: make(chan string, 1), end: cancel}
	go p.process.read(ctx, out)
	return nil
}

// read hands answers on until the program ends its output, or is to end.
func (r *process) read(ctx context.Context, out io.Reader) {
	defer close(r.answers)
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, longestLine)
	for lines.Scan() {
		select {
		case r.answers <- lines.Text():
		case <-ctx.Done():
			return
		}
	}
}

// Close ends the program: by the end of its input, and when that does not do, by force.
func (p *Plugin) Close() {
	if p.process == nil {
		return
	}
	p.process.in.Close()
	select {
	case <-p.process.answers: // the end of its output, or a line that nobody asked for
	case <-time.After(time.Second):
	}
	p.kill()
}

func (p *Plugin) kill() {
	p.process.end()
	_ = p.process.cmd.Wait() // it was killed: how it ended says nothing
	p.process = nil
}

// wrong ends a program that did not do as it must; the next start begins another one, until there was too much of that.
func (p *Plugin) wrong(err error) error {
	if p.process != nil {
		p.kill()
	}
	if ctx := p.ctx.Err(); ctx != nil {
		return fatal{ctx}
	}
	if p.trouble++; p.trouble >= mostTrouble {
		return fatal{fmt.Errorf("the plugin failed %d times: %w", p.trouble, err)}
	}
	return fmt.Errorf("the plugin failed: %w", err)
}

// ask sends a question and waits for its answer.
func (p *Plugin) ask(q line) (line, error) {
	p.asked++
	q.number = p.asked
	if err := p.say(q); err != nil {
		return line{}, err
	}
	text, err := p.next(q)
	if err != nil {
		return line{}, err
	}
	return p.answer(q, text)
}

func (p *Plugin) say(q line) error {
	if p.process == nil {
		return p.wrong(errors.New("it is not running"))
	}
	if _, err := fmt.Fprintln(p.process.in, q); err != nil {
		return p.wrong(fmt.Errorf("it ended before %q: %w", q, err))
	}
	return nil
}

// next is the next line of the plugin's, an answer to q.
func (p *Plugin) next(q line) (string, error) {
	timeout := p.Timeout
	if timeout == 0 {
		timeout = DefaultTimeout
	}
	if q.word == "start" {
		timeout = max(timeout, startTimeout)
	}
	expired := time.NewTimer(timeout)
	defer expired.Stop()
	select {
	case text, more := <-p.process.answers:
		if !more {
			return "", p.wrong(fmt.Errorf("it ended without an answer to %q, or a line has more than %d bytes", q, longestLine))
		}
		return text, nil
	case <-expired.C:
		return "", p.wrong(fmt.Errorf("no answer to %q in %v", q, timeout))
	}
}

func (p *Plugin) answer(q line, text string) (line, error) {
	a, err := parseLine(text)
	switch {
	case err != nil:
		return a, p.wrong(fmt.Errorf("answer to %q: %w", q, err))
	case a.number != q.number:
		return a, p.wrong(fmt.Errorf("answered number %d where %q was asked", a.number, q))
	case a.word == unsupportedWord:
		return a, fmt.Errorf("%s: %w", q.word, ErrUnsupported)
	}
	return a, nil
}

// Do asks for one call.
func (p *Plugin) Do(c *semantics.Call) (r semantics.Result, err error) {
	q, err := p.question(c)
	if err != nil {
		return r, err
	}
	a, err := p.ask(q)
	if err != nil {
		return r, err
	}
	if r.Errno, err = errnoWord(a.word); err != nil {
		return r, p.wrong(err)
	}
	r.Fields = map[string][]byte{} // and nothing is written where there is no memory
	if err := a.results(c, r); err != nil {
		return r, fmt.Errorf("answer to %q: %w", q, err)
	}
	if next := r.Fields["next_key"]; next != nil {
		p.nextKey = bytes.Clone(next)
	}
	if next := r.Fields["out_batch"]; next != nil {
		p.cursor = bytes.Clone(next)
	}
	return r, nil
}

// question is the line for a call.
func (p *Plugin) question(c *semantics.Call) (line, error) {
	q := line{word: c.Step.Verb, name: c.Step.Name}
	if c.Raw {
		return q, fmt.Errorf("what only bytes can say: %w", ErrUnsupported)
	}
	if q.word == "create" {
		s := c.Shape
		q.fields = append(q.fields, semantics.Setting{Field: "map_type", Text: s.Type.String()})
		q.addNumber("key_size", uint64(s.KeySize))
		q.addNumber("value_size", uint64(s.ValueSize))
		q.addNumber("max_entries", uint64(s.MaxEntries))
		q.addNumber("map_flags", s.Flags)
	}
	for _, t := range c.Step.Settings {
		if q.get(t.Field) == "" && t.Text != q.name { // map_fd is the name
			q.fields = append(q.fields, p.field(c, t))
		}
	}
	if n, given := c.Numbers["count"]; given && q.get("count") == "" {
		q.addNumber("count", n)
	}
	return q, nil
}

// field is a setting as the protocol has it: bytes as digits, numbers decimal, what refers to a step by its name as it is.
func (p *Plugin) field(c *semantics.Call, t semantics.Setting) semantics.Setting {
	var l line
	switch data, isData := c.Data[t.Field]; {
	case c.GoesOn(t.Field) && t.Field == "key":
		l.add(t.Field, p.nextKey)
	case c.GoesOn(t.Field) && t.Field == "in_batch":
		l.add(t.Field, p.cursor)
	case isData && !strings.Contains(t.Text, ":"):
		l.add(t.Field, data)
	default:
		n, isNumber := c.Numbers[t.Field]
		if !isNumber || strings.Contains(t.Text, ":") {
			return t
		}
		l.addNumber(t.Field, n)
	}
	return l.fields[0]
}

// results puts an answer's fields into r, each as long as it must be.
func (l line) results(c *semantics.Call, r semantics.Result) error {
	if l.get("count") != "" {
		r.Fields["count"] = le32(l.numberOf("count"))
	}
	count := int(l.numberOf("count"))
	sizes := map[string]int{
		"value": c.Shape.ValueBytes(), "next_key": c.Shape.KeySize, "keys": count * c.Shape.KeySize, "values": count * c.Shape.ValueBytes(), "out_batch": -1,
	}
	for _, f := range l.fields {
		size, known := sizes[f.Field]
		if !known {
			continue
		}
		b, err := l.bytes(f.Field)
		if err != nil {
			return err
		}
		if size >= 0 && len(b) != size {
			return fmt.Errorf("%s has %d bytes, want %d", f.Field, len(b), size)
		}
		r.Fields[f.Field] = b
	}
	return nil
}
