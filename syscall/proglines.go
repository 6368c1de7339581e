package bpfsys

import (
	"math"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/insn"
)

// special is what a function may do only where it returns an integer.
func (l *loading) special(f int) insn.Special {
	end := len(l.made.insns)
	if f+1 < len(l.made.starts) {
		end = l.made.starts[f+1]
	}
	return insn.SpecialOf(l.made.insns[l.made.starts[f]:end])
}

// lines are the records of source lines as they are read.
type lines struct {
	*loading
	before uint32 // instruction of the last record
	funcs  int    // functions whose first instruction had a record
}

// readLines follows check_btf_line: lines ascend, and each function begins with one.
func (l *loading) readLines() (errno abi.Errno) {
	if l.LineInfoCnt == 0 {
		return abi.OK
	}
	r := records{l.LineInfo, l.LineInfoCnt, l.LineInfoRecSize, lineInfoSize, lineRecSizeAt, "line_info"}
	if !r.fits() || r.count > math.MaxInt32/lineInfoSize {
		return abi.EINVAL
	}
	state := lines{loading: l}
	if l.made.lineInfo, errno = l.readRecords(r, state.check); errno != abi.OK {
		return errno
	}
	if state.funcs != len(l.made.starts) {
		l.log.Printf("missing bpf_line_info for %d funcs starting from func#%d\n", len(l.made.starts)-state.funcs, state.funcs)
		return abi.EINVAL
	}
	return abi.OK
}

func (l *lines) check(i uint32, record []byte) abi.Errno {
	at, size := word(record, 0), uint32(len(l.made.insns))
	switch types := l.made.btf.types; {
	case i > 0 && at <= l.before, at >= size:
		l.log.Printf("Invalid line_info[%d].insn_off:%d (prev_offset:%d prog->len:%d)\n", i, at, l.before, size)
		return abi.EINVAL
	case l.made.insns[at].Code == 0:
		l.log.Printf("Invalid insn code at line_info[%d].insn_off\n", i)
		return abi.EINVAL
	case !types.HasString(word(record, 1)), !types.HasString(word(record, 2)):
		l.log.Printf("Invalid line_info[%d].line_off or .file_name_off\n", i)
		return abi.EINVAL
	}
	if l.funcs < len(l.made.starts) {
		switch start := uint32(l.made.starts[l.funcs]); {
		case at == start:
			l.funcs++
		case start < at:
			l.log.Printf("missing bpf_line_info for func#%d\n", l.funcs)
			return abi.EINVAL
		}
	}
	l.before = at
	return abi.OK
}

// readRelos follows check_core_relo. Loaders relocate themselves, but for those that run in the kernel (light skeletons).
func (l *loading) readRelos() abi.Errno {
	if l.CoreReloCnt == 0 {
		return abi.OK
	}
	r := records{l.CoreRelos, l.CoreReloCnt, l.CoreReloRecSize, coreReloSize, coreRecSizeAt, "core_relo"}
	if !r.fits() || r.count > math.MaxInt32/coreReloSize {
		return abi.EINVAL
	}
	_, errno := l.readRecords(r, func(i uint32, record []byte) abi.Errno {
		at, size := word(record, 0), uint32(len(l.made.insns))
		if at%insn.Size != 0 || at/insn.Size >= size {
			l.log.Printf("Invalid core_relo[%d].insn_off:%d prog->len:%d\n", i, at, size)
			return abi.EINVAL
		}
		return l.refuse(Refusal{Cmd: abi.ProgLoad, What: "relocations by the kernel", Errno: abi.EOPNOTSUPP})
	})
	return errno
}
