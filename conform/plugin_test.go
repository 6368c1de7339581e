package conform_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/conform"
)

// asPlugin says how this test binary behaves as a plugin.
const asPlugin = "BPFSIM_TEST_PLUGIN"

func TestMain(m *testing.M) {
	if behaviour := os.Getenv(asPlugin); behaviour != "" {
		servePlugin(behaviour)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// servePlugin answers rightly but for one thing.
func servePlugin(behaviour string) {
	switch behaviour {
	case "right":
		_ = conform.Serve(os.Stdin, os.Stdout, func() conform.Maps { return toy{} })
		return
	case "together", "together, careless":
		_ = conform.ServeConcurrent(os.Stdin, os.Stdout, func() conform.Maps { return locked{behaviour != "together"} })
		return
	}
	if spoilt, found := strings.CutPrefix(behaviour, "together: "); found {
		out := &spoiler{answer: spoilt}
		_ = conform.ServeConcurrent(io.TeeReader(os.Stdin, out), out, func() conform.Maps { return locked{} })
		return
	}
	lines := bufio.NewScanner(os.Stdin)
	for asked := 0; lines.Scan(); asked++ {
		var b strings.Builder
		number, question, _ := strings.Cut(lines.Text(), " ")
		switch {
		case strings.HasPrefix(question, "start"), strings.HasPrefix(question, "create"), strings.HasPrefix(question, "update"):
			fmt.Fprintf(&b, "%s OK\n", number)
		case behaviour == "hangs":
			time.Sleep(time.Minute)
		case behaviour == "dies":
			os.Exit(3)
		case behaviour == "lies about lengths":
			fmt.Fprintf(&b, "%s OK value=010203 next_key=01 count=9 keys=00 values=00\n", number)
		case behaviour == "lies about counts":
			fmt.Fprintf(&b, "%s ENOENT count=9 keys=00 values=00\n", number)
		case behaviour == "out of order":
			fmt.Fprintf(&b, "%s1 OK\n", number)
		case behaviour == "nonsense":
			b.WriteString("\x00\xff OK\n")
		case behaviour == "no errno":
			fmt.Fprintf(&b, "%s FINE\n", number)
		case behaviour == "endless line":
			b.WriteString(strings.Repeat("a", 2<<20))
		case behaviour == "chatters":
			fmt.Fprintf(&b, "%s OK\nby the way\n", number)
		}
		fmt.Print(b.String())
	}
}

// spoiler passes answers on, and spoils each first one to calls at the same time. It is told of the questions, too.
type spoiler struct {
	answer string
	left   int // answers until the one that is spoilt, counted down to it
}

func (s *spoiler) Write(b []byte) (int, error) {
	text := string(b)
	number, rest, _ := strings.Cut(text, " ")
	switch {
	case strings.Contains(text, " together "): // a question
		s.left = 3
		return len(b), nil
	case !strings.HasPrefix(rest, "OK") && !strings.HasPrefix(rest, "E") && !strings.HasPrefix(rest, "unsupported"):
		return len(b), nil
	}
	if s.left--; s.left == 1 {
		switch s.answer {
		case "dies":
			os.Exit(3)
		case "hangs":
			time.Sleep(time.Minute)
		case "other number":
			text = number + "1 OK\n"
		case "nonsense":
			text = number + " FINE\n"
		case "no digits":
			text = number + " OK value=xy\n"
		}
	}
	_, err := fmt.Print(text)
	return len(b), err
}

// plugin is this test binary as a plugin.
func plugin(t *testing.T, behaviour string) *conform.Plugin {
	t.Helper()
	t.Setenv(asPlugin, behaviour)
	exe, err := os.Executable()
	require.NoError(t, err)
	p := conform.NewPlugin(t.Context(), exe)
	t.Cleanup(p.Close)
	return p
}

// A Go type behind a pipe is told the same as one that is called.
func TestPluginIsAskedAsATypeIs(t *testing.T) {
	p := plugin(t, "right")
	report := ask(t, p)
	require.Equal(t, names(toyReport(t, "")), names(report))
	require.Greater(t, report.Total().Passed, 100)
}

func TestPluginsThatFail(t *testing.T) {
	for behaviour, says := range map[string]string{
		"hangs":              "no answer to .* in 200ms",
		"dies":               "(?s)ended without an answer.*failed 10 times",
		"lies about lengths": "value has 3 bytes, want 8",
		"lies about counts":  "keys has 1 bytes, want 36",
		"out of order":       "answered number .* was asked",
		"nonsense":           "is no number",
		"no errno":           `"FINE" is no errno`,
		"endless line":       "more than 1048576 bytes",
		"chatters":           "number and a word|is no number",
	} {
		t.Run(behaviour, func(t *testing.T) {
			p := plugin(t, behaviour)
			p.Timeout = 200 * time.Millisecond
			if behaviour != "hangs" {
				p.Timeout = time.Minute
			}
			report, err := conform.Run(context.Background(), p, conform.Options{Types: []abi.MapType{abi.Hash}, Programs: -1})
			text := report.String()
			if err != nil {
				text += err.Error()
			}
			require.Regexp(t, says, text)
			require.NotZero(t, report.Total().Asked, "what was asked before is not lost")
			require.False(t, report.Conforms())
		})
	}
}

func TestPluginThatIsNotThere(t *testing.T) {
	_, err := conform.Run(context.Background(), conform.NewPlugin(t.Context(), "/nowhere/plugin"), conform.Options{})
	require.ErrorContains(t, err, "start plugin")
}

func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	report, err := conform.Run(ctx, conform.OnMaps(func() conform.Maps { return toy{} }), conform.Options{})
	require.ErrorIs(t, err, context.Canceled)
	require.Zero(t, report.Total().Asked)
}

// strange is a type that answers what no implementation should.
type strange struct {
	toy
	lookup func() ([]byte, error)
}

type strangeMap struct {
	conform.Map
	lookup func() ([]byte, error)
}

func (s strange) Create(spec conform.Spec) (conform.Map, error) {
	m, err := s.toy.Create(spec)
	if err != nil {
		return nil, err
	}
	return strangeMap{m, s.lookup}, nil
}

func (m strangeMap) Lookup([]byte) ([]byte, error) { return m.lookup() }

func TestStrangeTypes(t *testing.T) {
	for says, lookup := range map[string]func() ([]byte, error){
		"it panicked: no":             func() ([]byte, error) { panic("no") },
		"an error that is no errno: ": func() ([]byte, error) { return nil, errors.New("what") },
		"value has 0 bytes, want 8":   func() ([]byte, error) { return nil, nil },
		"value has 9 bytes, want 8":   func() ([]byte, error) { return make([]byte, 9), nil },
	} {
		report := ask(t, conform.OnMaps(func() conform.Maps { return strange{lookup: lookup} }))
		require.Contains(t, report.String(), says)
	}
}

// failures notes what Test has to say.
type failures struct {
	*testing.T
	errors []string
}

func (f *failures) Errorf(format string, args ...any) {
	f.errors = append(f.errors, fmt.Sprintf(format, args...))
}

func TestTest(t *testing.T) {
	f := &failures{T: t}
	conform.Test(f, func() conform.Maps { return toy{fault: "no FREEZE"} })
	require.Contains(t, strings.Join(f.errors, "\n"), "broken: MAP_FREEZE/twice")
}
