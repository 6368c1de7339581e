package bpfsys

import (
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/bpfsim/bpfsim/abi"
)

// taskScope is what an iterator over tasks is narrowed to (kernel/bpf/task_iter.c): a thread, the threads of a process, or all where both are 0.
type taskScope struct{ tid, pid uint32 }

func iteratesTasks(target string) bool {
	return target == "task" || target == "task_file" || target == "task_vma"
}

// taskScope follows bpf_iter_attach_task. Nobody asks whether there is such a task.
func (l *linking) taskScope(info []byte) (taskScope, abi.Errno) {
	tid, pid, fd := binary.LittleEndian.Uint32(info), binary.LittleEndian.Uint32(info[4:]), binary.LittleEndian.Uint32(info[8:])
	switch {
	case tid != 0 && pid != 0, tid != 0 && fd != 0, pid != 0 && fd != 0:
		return taskScope{}, abi.EINVAL
	case fd != 0:
		task, errno := l.proc.host().Task(int32(fd))
		return taskScope{pid: uint32(task.ID[0])}, errno
	}
	return taskScope{tid: tid, pid: pid}, abi.OK
}

func (s *taskScope) info(i *linkInfo) {
	i.put32(abi.LinkInfoKind+16, s.tid)
	i.put32(abi.LinkInfoKind+20, s.pid)
}

func (s *taskScope) fdinfo(b *strings.Builder) {
	switch {
	case s.tid != 0:
		fmt.Fprintf(b, "task_type:\tTID\ntid:\t%d\n", s.tid)
	case s.pid != 0:
		fmt.Fprintf(b, "task_type:\tPID\npid:\t%d\n", s.pid)
	default:
		b.WriteString("task_type:\tALL\n")
	}
}
