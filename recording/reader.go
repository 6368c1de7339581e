package recording

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/bpfsim/bpfsim/proptest/program"
)

// Reader reads a recording, a line at a time.
type Reader struct {
	Header Header
	lines  *bufio.Reader
	seal   seal
	number int // of lines read
	calls  int
	ended  bool
	cut    string // why the recording ends before its last line
}

// longestLine bounds a line, in bytes: that of a batch of 128 MiB, which no program makes.
const longestLine = 256 << 20

// longestHeader bounds the first line, so that of a file that is no recording little is read.
const longestHeader = 1 << 20

// Open opens the file of a recording.
func Open(path string) (*Reader, io.Closer, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, fmt.Errorf("open recording: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, nil, fmt.Errorf("open recording %s: want a regular file, this is none", path)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, nil, fmt.Errorf("open recording: %w", err)
	}
	r, err := NewReader(file)
	if err != nil {
		file.Close()
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	return r, file, nil
}

// NewReader reads the header.
func NewReader(file io.Reader) (*Reader, error) {
	r := &Reader{lines: bufio.NewReaderSize(file, 1<<16)}
	start, err := r.lines.Peek(len(magic))
	if string(start) != magic {
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("read recording: %w", err)
		}
		if len(start) == 0 {
			return nil, errors.New("the file is empty: the recording was never begun")
		}
		return nil, errNoRecording
	}
	line, err := r.next(longestHeader)
	switch {
	case errors.Is(err, io.EOF):
		return nil, errors.New("the recording was cut off in its first line: nothing is left of it")
	case err != nil:
		return nil, err
	}
	r.Header, err = parseHeader(line)
	return r, err
}

// Next is the next call or event: a *Call or an Event. It is io.EOF behind the last one.
func (r *Reader) Next() (any, error) {
	if r.ended || r.cut != "" {
		return nil, io.EOF
	}
	line, err := r.next(longestLine)
	if err != nil {
		if errors.Is(err, io.EOF) && r.cut == "" {
			r.cut = "its last line is missing"
		}
		return nil, err
	}
	entry, err := r.parse(line)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("line %d: %w", r.number, err)
	}
	return entry, err
}

func (r *Reader) parse(line string) (any, error) {
	words, err := program.Words(line)
	if err != nil {
		return nil, err
	}
	if len(words) == 0 {
		return nil, errors.New("an empty line")
	}
	if words[0] == endWord {
		return nil, r.end(words[1:])
	}
	if e, ok, err := parseEvent(words); ok {
		return e, err
	}
	r.calls++
	return parseCall(words)
}

func (r *Reader) end(words []string) error {
	r.ended = true
	if len(words) != 1 {
		return errors.New("the last line wants a number of calls")
	}
	calls, err := strconv.Atoi(strings.TrimPrefix(words[0], "calls="))
	if err != nil {
		return err
	}
	if calls != r.calls {
		return fmt.Errorf("the recording says that it has %d calls, and has %d: it was edited", calls, r.calls)
	}
	if _, err := r.lines.Peek(1); err == nil {
		return errors.New("something follows the recording's last line: it was edited")
	}
	return io.EOF
}

// CutOff says, behind the last call, why the recording does not end as one does that was closed; "" when it does. All calls that were read
// are whole.
func (r *Reader) CutOff() string { return r.cut }

// next is the next line, without its seal. A line that has no end is the one that was written when the machine stopped.
func (r *Reader) next(longest int) (string, error) {
	var line []byte
	for {
		part, err := r.lines.ReadSlice('\n')
		if bytes.IndexByte(part, 0) >= 0 { // what a file system leaves of a file when the machine loses its power
			r.cut = fmt.Sprintf("line %d is not there, but zeros", r.number+1)
			return "", io.EOF
		}
		line = append(line, part...)
		if len(line) > longest {
			return "", fmt.Errorf("line %d has more than %d bytes", r.number+1, longest)
		}
		if err == nil {
			break
		}
		if errors.Is(err, io.EOF) {
			if len(line) > 0 {
				r.cut = fmt.Sprintf("line %d is cut off", r.number+1)
			}
			return "", io.EOF
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return "", fmt.Errorf("read recording: %w", err)
		}
	}
	r.number++
	text, sum, ok := open(string(line[:len(line)-1]))
	if !ok {
		return "", fmt.Errorf("line %d has no checksum at its end: the recording was edited", r.number)
	}
	if r.seal = r.seal.next(text); r.seal != sum {
		return "", fmt.Errorf("line %d, or one before it, is not what was recorded (its checksum is %08x and not %08x): it was edited or damaged", r.number,
			uint32(sum), uint32(r.seal))
	}
	return text, nil
}
