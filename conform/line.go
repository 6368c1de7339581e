package conform

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/semantics"
)

// line is a question or an answer of the protocol (docs/conform.md): a number, a word, maybe a name, and fields.
type line struct {
	number int
	word   string
	name   string
	fields []semantics.Setting
}

func (l line) String() string {
	w := new(strings.Builder)
	fmt.Fprintf(w, "%d %s", l.number, l.word)
	if l.name != "" {
		fmt.Fprintf(w, " %s", l.name)
	}
	for _, f := range l.fields {
		fmt.Fprintf(w, " %s=%s", f.Field, f.Text)
	}
	return w.String()
}

// parseLine reads a line. The name is there in questions only.
func parseLine(text string) (line, error) {
	words := strings.Fields(text)
	if len(words) < 2 {
		return line{}, fmt.Errorf("%q: want a number and a word", text)
	}
	n, err := strconv.Atoi(words[0])
	if err != nil {
		return line{}, fmt.Errorf("%q: %q is no number", text, words[0])
	}
	l := line{number: n, word: words[1]}
	for i, word := range words[2:] {
		field, value, named := strings.Cut(word, "=")
		switch {
		case named:
			l.fields = append(l.fields, semantics.Setting{Field: field, Text: value})
		case i == 0:
			l.name = word
		default:
			return line{}, fmt.Errorf("%q: %q is no field=value", text, word)
		}
	}
	return l, nil
}

// get is a field's text, "" where it is not there.
func (l line) get(field string) string {
	for _, f := range l.fields {
		if f.Field == field {
			return f.Text
		}
	}
	return ""
}

// bytes is a field of bytes, nil for NULL and where it is not there.
func (l line) bytes(field string) ([]byte, error) {
	text := l.get(field)
	if text == "" || text == "-" {
		return nil, nil
	}
	b, err := hex.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("%s=%s: %w", field, text, err)
	}
	return b, nil
}

// number is a field that is a number, 0 where it is not there.
func (l line) numberOf(field string) uint64 {
	n, _ := strconv.ParseUint(l.get(field), 0, 64)
	return n
}

// add adds a field of bytes.
func (l *line) add(field string, b []byte) {
	text := "-"
	if b != nil {
		text = hex.EncodeToString(b)
	}
	l.fields = append(l.fields, semantics.Setting{Field: field, Text: text})
}

func (l *line) addNumber(field string, n uint64) {
	l.fields = append(l.fields, semantics.Setting{Field: field, Text: strconv.FormatUint(n, 10)})
}

// unsupportedWord is the answer to what is not there.
const unsupportedWord = "unsupported"

// errnoWord is the errno that an answer begins with.
func errnoWord(word string) (abi.Errno, error) {
	if errno, known := abi.ErrnoByName(word); known {
		return errno, nil
	}
	if n, err := strconv.ParseUint(word, 10, 16); err == nil {
		return abi.Errno(n), nil
	}
	return 0, fmt.Errorf("%q is no errno: want OK, a name such as ENOENT, a number, or %s", word, unsupportedWord)
}
