package insn

import (
	"slices"

	"github.com/bpfsim/bpfsim/abi"
)

// Log is where the verifier writes what it found.
type Log interface {
	Printf(format string, args ...any)
}

// maxSubprogs is BPF_MAX_SUBPROGS.
const maxSubprogs = 256

// Subprogs are where the functions of a program begin, ascending; the first one at 0. kfunc is asked about each call of a
// kernel function (add_subprog_and_kfunc).
func Subprogs(all []Insn, kfunc func(Insn) abi.Errno, log Log) ([]int, abi.Errno) {
	starts := []int{0}
	for i, insn := range all {
		switch {
		case insn.NamesFunc():
			to := i + int(insn.Imm) + 1
			if to < 0 || to >= len(all) {
				log.Printf("call to invalid destination\n")
				return nil, abi.EINVAL
			}
			at, known := slices.BinarySearch(starts, to)
			switch {
			case known:
			case len(starts) >= maxSubprogs:
				log.Printf("too many subprograms\n")
				return nil, abi.E2BIG
			default:
				starts = slices.Insert(starts, at, to)
			}
		case insn.Kfunc():
			if errno := kfunc(insn); errno != abi.OK {
				return nil, errno
			}
		}
	}
	return starts, abi.OK
}

// CheckSubprogs makes sure that no function is left except by its calls and exits (check_subprogs).
func CheckSubprogs(all []Insn, starts []int, log Log) abi.Errno {
	ends := append(slices.Clone(starts[1:]), len(all))
	for f, start := range starts {
		if errno := checkSubprog(all, start, ends[f], log); errno != abi.OK {
			return errno
		}
	}
	return abi.OK
}

func checkSubprog(all []Insn, start, end int, log Log) abi.Errno {
	for i := start; i < end; i++ {
		insn := all[i]
		if !insn.jumps() || insn.op() == opCall || insn.op() == opExit {
			continue
		}
		if to := i + insn.offset() + 1; to < start || to >= end {
			log.Printf("jump out of range from insn %d to %d\n", i, to)
			return abi.EINVAL
		}
	}
	switch all[end-1].Code {
	case CodeExit, codeJump, codeJumpLong:
		return abi.OK
	}
	log.Printf("last insn is not an exit or jmp\n")
	return abi.EINVAL
}
