package recording

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
)

// Writer writes a recording. Each line is in the file before its call is answered, so nothing of it is lost however the program or bpfsim ends. Its
// methods may be called from many goroutines.
type Writer struct {
	mu    sync.Mutex
	file  io.Writer
	seal  seal
	calls int
	err   error // the first one; nothing is written behind it
	// Failed is told of the first line that could not be written.
	Failed func(error)
}

// NewWriter writes the header.
func NewWriter(file io.Writer, h Header) (*Writer, error) {
	w := &Writer{file: file}
	line, err := h.line()
	if err != nil {
		return nil, fmt.Errorf("write recording: %w", err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.write(line)
	return w, w.err
}

// Create makes the file of a recording.
func Create(path string, h Header) (*Writer, error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("record to %s: want a regular file, this is none", path)
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	w, err := begin(file, h)
	if err != nil {
		file.Close()
		return nil, err
	}
	return w, nil
}

// begin empties a file, which may have been there before, and writes the header.
func begin(file *os.File, h Header) (*Writer, error) {
	if err := file.Chmod(0o600); err != nil { // it has what the program's maps have
		return nil, fmt.Errorf("record: keep others from reading the recording: %w: want a file of your own", err)
	}
	if err := file.Truncate(0); err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	return NewWriter(file, h)
}

// Save writes a recording of entries, each a *Call or an Event.
func Save(path string, h Header, entries []any) error {
	w, err := Create(path, h)
	if err != nil {
		return err
	}
	for _, e := range entries {
		switch e := e.(type) {
		case *Call:
			w.Call(e)
		case Event:
			w.Event(e)
		}
	}
	return w.Close()
}

// Call writes a call.
func (w *Writer) Call(c *Call) { w.line(c.String(), 1) }

// Event writes something else that happened.
func (w *Writer) Event(e Event) { w.line(e.String(), 0) }

func (w *Writer) line(text string, calls int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls += calls
	w.write(text)
}

func (w *Writer) write(text string) {
	if w.err != nil {
		return
	}
	sum := w.seal.next(text)
	if _, err := w.file.Write([]byte(sum.close(text))); err != nil {
		w.err = fmt.Errorf("write recording: %w", err)
		if w.Failed != nil {
			w.Failed(w.err)
		}
		return
	}
	w.seal = sum
}

// Close writes the last line and closes the file. The error is the first that writing met.
func (w *Writer) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.write(fmt.Sprintf("%s calls=%d", endWord, w.calls))
	closer, ok := w.file.(io.Closer)
	if !ok {
		return w.err
	}
	if err := closer.Close(); err != nil && w.err == nil {
		w.err = fmt.Errorf("close recording: %w", err)
	}
	err := w.err
	w.err = cmp.Or(err, errClosed)
	return err
}

// errClosed is of calls that still go on when a recording has ended.
var errClosed = errors.New("the recording is closed")

// endWord begins the last line.
const endWord = "end"
