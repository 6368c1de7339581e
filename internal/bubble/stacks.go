package bubble

import (
	"bytes"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
)

// readHeader is whoami by what the runtime prints.
func readHeader() (id, bubble uint64) {
	var buf [128]byte
	header := buf[:runtime.Stack(buf[:], false)]
	return parseHeader(header)
}

// parseHeader reads "goroutine 9 [running, synctest bubble 1]:".
func parseHeader(text []byte) (id, bubble uint64) {
	text = bytes.TrimPrefix(text, []byte("goroutine "))
	id = number(text)
	end := bytes.IndexByte(text, '\n')
	if end < 0 {
		end = len(text)
	}
	const mark = "synctest bubble "
	if at := bytes.Index(text[:end], []byte(mark)); at >= 0 {
		bubble = number(text[at+len(mark):])
	}
	return id, bubble
}

func number(text []byte) (n uint64) {
	for _, c := range text {
		if c < '0' || c > '9' {
			break
		}
		n = n*10 + uint64(c-'0')
	}
	return n
}

// stack is one goroutine in a dump of all.
type stack struct {
	id    uint64
	state string
	text  string // frames
}

// stacks are the goroutines of a bubble but the calling one.
func stacks(bubble uint64) (all []stack) {
	self, _ := whoami()
	buf := make([]byte, 1<<16)
	n := runtime.Stack(buf, true)
	for n == len(buf) {
		buf = make([]byte, 2*len(buf))
		n = runtime.Stack(buf, true)
	}
	for text := range bytes.SplitSeq(buf[:n], []byte("\n\n")) {
		id, in := parseHeader(text)
		if in != bubble || id == self {
			continue
		}
		header, frames, _ := strings.Cut(string(text), "\n")
		_, state, _ := strings.Cut(header, "[")
		state, _, _ = strings.Cut(state, ",")
		all = append(all, stack{id, strings.TrimSuffix(state, "]:"), frames})
	}
	return all
}

// own tells that the goroutine is one of synctest's or of this package, which wait for the others.
func (s stack) own() bool {
	return strings.HasPrefix(s.state, "synctest.Run") || strings.HasPrefix(s.text, "testing/synctest.") || strings.HasPrefix(s.text, "internal/synctest.")
}

// place is where the goroutine's own code stands.
func (s stack) place() string {
	lines := strings.Split(s.text, "\n")
	for i := 0; i+1 < len(lines); i += 2 {
		name := strings.TrimPrefix(lines[i], "created by ")
		if !foreign(name) {
			file, _, _ := strings.Cut(strings.TrimSpace(lines[i+1]), " ")
			return "at " + filepath.Base(file)
		}
	}
	return ""
}

// libraries are packages whose code is not what the user wants to be shown.
var libraries = []string{"runtime.", "runtime/", "sync.", "sync/", "internal/", "time.", "testing.", "testing/", "context.", "os.", "reflect.", "syscall.",
	"iter.", "fmt.", "io.", "bufio.", "log.", "log/", "net.", "net/", "github.com/cilium/ebpf", "github.com/stretchr/testify", "golang.org/x/", "github.com/bpfsim/bpfsim/bpftest.",
	"github.com/bpfsim/bpfsim/intercept.", "github.com/bpfsim/bpfsim/internal/bubble.", "github.com/bpfsim/bpfsim/syscall."}

// foreign tells that a function, named as in a stack, belongs to a library.
func foreign(name string) bool {
	for _, library := range libraries {
		if strings.HasPrefix(name, library) {
			return true
		}
	}
	return false
}

// Place is the line of the user's code that the caller was called from, "gc.go:41", or "".
func Place() string {
	var pcs [64]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs[:])])
	for {
		f, more := frames.Next()
		if f.Function != "" && !foreign(f.Function) {
			return filepath.Base(f.File) + ":" + strconv.Itoa(f.Line)
		}
		if !more {
			return ""
		}
	}
}

// panicPlace is where the panic of the calling goroutine began, in code that is the user's own or not.
func panicPlace() string {
	var pcs [64]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs[:])])
	panicked := false
	for {
		f, more := frames.Next()
		if panicked && !strings.HasPrefix(f.Function, "runtime.") {
			return f.File + ":" + strconv.Itoa(f.Line)
		}
		panicked = panicked || f.Function == "runtime.gopanic"
		if !more {
			return ""
		}
	}
}

// entry is the name of the function that the calling goroutine began with, as a task may be named.
func entry() string {
	var pcs [256]uintptr
	for n := runtime.Callers(2, pcs[:]); n > 0; n-- {
		f := runtime.FuncForPC(pcs[n-1] - 1)
		if f != nil && f.Name() != "runtime.goexit" && !strings.HasPrefix(f.Name(), beginning) {
			return short(f.Name())
		}
	}
	return "goroutine"
}

// beginning is the name of what stands before the first function of a goroutine.
const beginning = "github.com/bpfsim/bpfsim/internal/bubble.(*Session)."

// short makes "Agent.collect" of "example.com/agent.(*Agent).collect".
func short(name string) string {
	name = name[strings.LastIndexByte(name, '/')+1:]
	if _, rest, ok := strings.Cut(name, "."); ok {
		name = rest
	}
	return Name(strings.NewReplacer("(*", "", ")", "", "[...]", "", ".gowrap", wrapped).Replace(name))
}

// wrapped is in the names of functions that compilers make for a go statement with arguments: "Agent.Run.go1".
const wrapped = ".go"

// Name makes a task's name of any text.
func Name(text string) string {
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_-.", r) {
			return r
		}
		return '_'
	}, text)
	if name == "" || name == "-" {
		return "_"
	}
	return name
}
