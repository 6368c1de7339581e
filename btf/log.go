package btf

import "fmt"

// Log is the text that BPF_BTF_LOAD and BPF_PROG_LOAD write for their callers (bpf_verifier_log in kernel/bpf/log.c).
type Log struct {
	level  uint32
	room   int    // bytes, with the NUL; 0 when only the length is wanted
	text   []byte // without a NUL; the end of it where it did not fit
	length uint64 // of the whole text
}

// Log levels: any but 0 has everything written.
const (
	logFixed  = 8 // keep the beginning, not the end
	logLevels = 15
	// maxMessage is the longest piece that is written at once, without its NUL.
	maxMessage = 1023
	maxLog     = 1<<30 - 1
)

// NewLog makes a log for a buffer of room bytes, false for an invalid level or size (bpf_verifier_log_attr_valid). hasBuffer
// tells whether there is a buffer at all.
func NewLog(level uint32, hasBuffer bool, room uint32) (*Log, bool) {
	switch {
	case hasBuffer != (room > 0), hasBuffer && level == 0, level&^logLevels != 0, room > maxLog:
		return nil, false
	}
	return &Log{level: level, room: int(room)}, true
}

// Printf writes a piece.
func (l *Log) Printf(format string, args ...any) {
	if l.level == 0 {
		return
	}
	piece := fmt.Appendf(nil, format, args...)
	piece = piece[:min(len(piece), maxMessage)]
	l.length += uint64(len(piece))
	if l.room == 0 {
		return
	}
	if l.level&logFixed != 0 {
		l.text = append(l.text, piece[:min(len(piece), l.room-1-len(l.text))]...)
		return
	}
	l.text = append(l.text, piece...)
	if len(l.text) >= 2*l.room {
		l.text = append(l.text[:0], l.end()...)
	}
}

// end is what fits of the text's end.
func (l *Log) end() []byte { return l.text[max(0, len(l.text)-(l.room-1)):] }

// Text is what the buffer gets, with its NUL; nothing when nothing was written.
func (l *Log) Text() []byte {
	if l.room == 0 || l.length == 0 {
		return nil
	}
	return append(l.end(), 0)
}

// TrueSize is the buffer that the whole text would have taken, in bytes.
func (l *Log) TrueSize() uint32 {
	if l.length == 0 {
		return 0
	}
	return uint32(min(l.length+1, 1<<32-1))
}

// Truncated reports whether the text did not fit.
func (l *Log) Truncated() bool { return l.room > 0 && uint64(l.TrueSize()) > uint64(l.room) }
