package vm

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// marker begins the last line that the guest writes; the command's exit status follows.
const marker = "bpfsim-vm: exit status "

// exitLine is the guest's last line.
func exitLine(code int) string { return fmt.Sprintf("\n%s%d\n", marker, code) }

// markerReader passes output on and keeps back the end of it that may be the exit line: only the last line of all is
// one.
type markerReader struct {
	out    io.Writer
	held   []byte
	passed int // bytes passed on
}

// maxHeld is longer than any exit line.
const maxHeld = len(marker) + 16

// Write passes on what can no longer be part of an exit line.
func (r *markerReader) Write(p []byte) (int, error) {
	r.held = append(r.held, p...)
	n := r.passable()
	if n == 0 {
		return len(p), nil
	}
	r.passed += n
	_, err := r.out.Write(r.held[:n])
	r.held = append(r.held[:0], r.held[n:]...)
	return len(p), err
}

// quiet reports that nothing has come but an exit line.
func (r *markerReader) quiet() bool { return r.passed == 0 }

// passable is the number of held bytes before the last line break that an exit line may follow.
func (r *markerReader) passable() int {
	for n := max(0, len(r.held)-maxHeld); n < len(r.held); n++ {
		rest := r.held[n:]
		if rest[0] == '\n' && (bytes.HasPrefix(rest[1:], []byte(marker)) || strings.HasPrefix(marker, string(rest[1:]))) {
			return n
		}
	}
	return len(r.held)
}

// code is the exit status of a guest that has ended, false when it ended without one. What was held for another
// reason is passed on.
func (r *markerReader) code() (int, bool) {
	text, found := strings.CutPrefix(string(r.held), "\n"+marker)
	code, err := strconv.Atoi(strings.TrimSuffix(text, "\n"))
	if found && err == nil && strings.HasSuffix(text, "\n") {
		return code, true
	}
	r.passed += len(r.held)
	_, _ = r.out.Write(r.held)
	return 0, false
}

// guestVariable is set in the environment of a guest's init.
const guestVariable = "BPFSIM_VM"
