package intercept

import (
	"fmt"
	"strings"
	"sync"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/syscall"
	"golang.org/x/sys/unix"
)

// tracer writes one line a call, as strace(1) does, spelling included.
type tracer struct {
	out     *outlet // nil: no trace
	mu      sync.Mutex
	probed  bool // the shim's probe is over; what follows is the command's
	thread  int  // that made the first call
	several bool // more than one thread was seen: lines name theirs
}

// line is a call's line while the call goes on. What a call reads was printed before it ran, as it may write over it.
type line struct {
	head   string
	fields []field
	tail   string
}

// field is a member of the attr; late prints what the call wrote. A batch is partial: at the map's end it answers ENOENT
// and hands over what there was.
type field struct {
	name, text string
	late       func() string
	partial    bool
}

// begin reads a call's arguments before it runs.
func (t *tracer) begin(thread int, r reader, cmd abi.Cmd, attr uint64, size uint32) *line {
	prefix, wanted := t.prefix(thread)
	if !wanted {
		return nil
	}
	l := &line{head: prefix + "bpf(" + cmd.String() + ", ", tail: fmt.Sprintf(", %d)", size)}
	var a bpfsys.Attr
	known := a[:min(int(size), len(a))]
	if r.mem.Read(known, attr) < len(known) {
		l.head += address(attr)
		return l
	}
	l.fields = r.fields(cmd, attr, &a, len(known))
	return l
}

// prefix is what a line begins with; wanted is false when there shall be none.
func (t *tracer) prefix(thread int) (prefix string, wanted bool) {
	if t.out == nil {
		return "", false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.probed {
		t.probed = true
		return "", false
	}
	if t.thread == 0 {
		t.thread = thread
	}
	t.several = t.several || thread != t.thread
	if !t.several {
		return "", true
	}
	return fmt.Sprintf("[pid %d] ", thread), true
}

// end writes the line.
func (t *tracer) end(l *line, ret int32, errno abi.Errno) {
	if l == nil {
		return
	}
	var out strings.Builder
	out.WriteString(l.head)
	if l.fields != nil {
		out.WriteString("{" + l.members(errno) + "}")
	}
	fmt.Fprintf(&out, "%s = %s\n", l.tail, result(ret, errno))
	t.out.put(out.String())
}

func (l *line) members(errno abi.Errno) string {
	var members []string
	for _, f := range l.fields {
		text := f.text
		if f.late != nil && (errno == abi.OK || f.partial && errno == abi.ENOENT) {
			text = f.late()
		}
		members = append(members, f.name+"="+text)
	}
	return strings.Join(members, ", ")
}

func result(ret int32, errno abi.Errno) string {
	if errno == abi.OK {
		return fmt.Sprint(ret)
	}
	message := unix.Errno(errno).Error()
	if name, ok := strings.CutPrefix(message, "errno "); ok {
		message = "Unknown error " + name
	}
	return fmt.Sprintf("-1 %s (%s%s)", errno, strings.ToUpper(message[:1]), message[1:])
}

func address(addr uint64) string {
	if addr == 0 {
		return "NULL"
	}
	return fmt.Sprintf("%#x", addr)
}

// longestText is how many bytes of a key, a value or a path are printed.
const longestText = 256

// quote writes bytes as strace does: C escapes, octal ones as short as the next byte allows.
func quote(p []byte) string {
	var out strings.Builder
	out.WriteByte('"')
	for i, b := range p {
		digitFollows := i+1 < len(p) && p[i+1] >= '0' && p[i+1] <= '9'
		out.WriteString(escape(b, digitFollows))
	}
	out.WriteByte('"')
	return out.String()
}

var escapes = map[byte]string{
	'"': `\"`, '\\': `\\`, '\n': `\n`, '\t': `\t`, '\r': `\r`, '\f': `\f`, '\v': `\v`,
}

func escape(b byte, digitFollows bool) string {
	if text, ok := escapes[b]; ok {
		return text
	}
	switch {
	case b >= ' ' && b < 0x7f:
		return string(b)
	case digitFollows:
		return fmt.Sprintf(`\%03o`, b)
	}
	return fmt.Sprintf(`\%o`, b)
}
