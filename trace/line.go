package trace

import (
	"fmt"
	"strings"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/syscall"
)

// Line is the text of a call while the call goes on. What a call reads was printed before it ran, as it may write over it.
type Line struct {
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

// Begin reads the arguments of a call that a process is about to make.
func Begin(mem bpfsys.Memory, files bpfsys.Files, cmd abi.Cmd, attr uint64, size uint32) *Line {
	l := &Line{head: "bpf(" + cmd.String() + ", ", tail: fmt.Sprintf(", %d)", size)}
	var a bpfsys.Attr
	known := a[:min(int(size), len(a))]
	if mem.Read(known, attr) < len(known) {
		l.head += address(attr)
		return l
	}
	l.fields = reader{mem, files}.fields(cmd, attr, &a, len(known))
	return l
}

// End is the line, without an end of line. The process is still in the call.
func (l *Line) End(o bpfsys.Outcome) string {
	var out strings.Builder
	out.WriteString(l.head)
	if l.fields != nil {
		out.WriteString("{" + l.members(o.Errno) + "}")
	}
	fmt.Fprintf(&out, "%s = %s", l.tail, result(o.Ret, o.Errno))
	if o.Injected != (bpfsys.Fault{}) {
		out.WriteString(" (injected)")
	}
	return out.String()
}

func (l *Line) members(errno abi.Errno) string {
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
	return fmt.Sprintf("-1 %s (%s)", errno, message(errno))
}
