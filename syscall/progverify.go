package bpfsys

import (
	"encoding/binary"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/btf"
	"github.com/bpfsim/bpfsim/insn"
)

// verify is bpf_check in kernel/bpf/verifier.c without its simulation of the program. The log is written whatever was found;
// where it does not fit, that is the errno.
func (l *loading) verify() abi.Errno {
	log, ok := btf.NewLog(l.LogLevel, l.LogBuf != 0, l.LogSize)
	if !ok {
		return abi.EINVAL
	}
	l.log = log
	errno := firstErrno(l.holdFDArray, l.readFuncs, l.findSubprogs, l.checkTypes, l.resolve, l.checkFlow, l.checkTarget, l.checkReached)
	if errno == abi.OK {
		log.Printf("bpfsim: not run by a verifier: what only that would find has passed\n")
	}
	log.Printf("processed %d insns (limit %d) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0\n", l.processed(errno), maxInsns)
	if fault := l.writeLog(l.LogBuf, log, logTrueSizeAt); fault != abi.OK {
		return fault
	}
	return errno
}

// processed is how many instructions the verifier would have looked at, were each looked at once.
func (l *loading) processed(errno abi.Errno) int {
	if errno != abi.OK {
		return 0
	}
	return insn.Count(l.made.insns)
}

// logTrueSizeAt is where log_true_size lies in the attr.
const logTrueSizeAt = 140

// holdFDArray follows process_fd_array: the program holds the maps that are in it; BTF may be there, too.
func (l *loading) holdFDArray() abi.Errno {
	const most = 1<<30 - 1
	if l.FDArrayCnt >= most {
		return abi.EINVAL
	}
	for i := range l.FDArrayCnt {
		fd, errno := l.arrayFD(int64(i))
		if errno != abi.OK {
			return errno
		}
		if errno := l.holdFD(fd); errno != abi.OK {
			return errno
		}
	}
	return abi.OK
}

// arrayFD reads an element of fd_array.
func (l *loading) arrayFD(i int64) (int32, abi.Errno) {
	word := l.kept().one(wordBuffer, 4)
	if errno := l.copyIn(word, l.FDArray+uint64(4*i)); errno != abi.OK {
		return 0, errno
	}
	return int32(binary.LittleEndian.Uint32(word)), abi.OK
}

// holdFD has the program hold the map behind an fd of fd_array, or its BTF.
func (l *loading) holdFD(fd int32) abi.Errno {
	file, errno := l.file(fd, abi.EBADF)
	if errno != abi.OK {
		l.log.Printf("fd %d is not pointing to valid bpf_map or btf\n", fd)
		return errno
	}
	defer l.leave(file)
	switch o := file.object.(type) {
	case *Map:
		_, errno := l.useMap(o)
		return errno
	case *BTF:
		return l.useBTF(o)
	}
	l.log.Printf("fd %d is not pointing to valid bpf_map or btf\n", fd)
	return abi.EINVAL
}

// findSubprogs follows add_subprog_and_kfunc and check_subprogs.
func (l *loading) findSubprogs() (errno abi.Errno) {
	if l.made.starts, errno = insn.Subprogs(l.made.insns, l.kfunc, l.log); errno != abi.OK {
		return errno
	}
	return insn.CheckSubprogs(l.made.insns, l.made.starts, l.log)
}

func (l *loading) checkFlow() abi.Errno { return insn.CheckFlow(l.made.insns, l.log) }

// checkReached follows do_check as far as it can be told where it comes by.
func (l *loading) checkReached() abi.Errno {
	kind := insn.Kind{
		Type: l.Type, Attach: l.AttachType, GPL: l.made.gpl, Sleepable: l.sleepable(),
		Perfmon: l.proc.Caps.SysAdmin, // which holds it
		Void:    l.returnsNothing(),
	}
	return insn.CheckReached(l.made.insns, kind, l.log)
}
