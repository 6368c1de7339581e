package insn

import "github.com/bpfsim/bpfsim/abi"

// CheckFlow makes sure that every instruction can be reached, and none of the second halves (check_cfg).
func CheckFlow(all []Insn, log Log) abi.Errno {
	seen := make([]bool, len(all))
	for todo := []int{0}; len(todo) > 0; {
		at := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if seen[at] {
			continue
		}
		seen[at] = true
		if all[at].Code == codeJump|fromReg || all[at].Code == codeJumpLong|fromReg {
			return abi.EINVAL
		}
		from := len(todo)
		todo = appendSuccessors(todo, all, at)
		for _, to := range todo[from:] {
			if to < 0 || to >= len(all) {
				log.Printf("jump out of range from insn %d to %d\n", at, to)
				return abi.EINVAL
			}
		}
	}
	return checkSeen(all, seen, log)
}

// appendSuccessors adds the instructions that may come after one, functions that it names among them.
func appendSuccessors(to []int, all []Insn, at int) []int {
	insn := all[at]
	switch {
	case insn.Code == CodeLoad64:
		to = append(to, at+2)
		if insn.Src == Func {
			to = append(to, at+1+int(insn.Imm))
		}
	case !insn.jumps():
		to = append(to, at+1)
	case insn.op() == opExit:
	case insn.op() == opCall:
		to = append(to, at+1)
		if insn.NamesFunc() {
			to = append(to, at+1+int(insn.Imm))
		}
	case insn.op() == opJA:
		to = append(to, at+1+insn.offset())
	default:
		to = append(to, at+1, at+1+insn.offset())
	}
	return to
}

func checkSeen(all []Insn, seen []bool, log Log) abi.Errno {
	for i := 0; i < len(all); i++ {
		if !seen[i] {
			log.Printf("unreachable insn %d\n", i)
			return abi.EINVAL
		}
		if all[i].Code != CodeLoad64 {
			continue
		}
		if i++; seen[i] {
			log.Printf("jump into the middle of ldimm64 insn %d\n", i-1)
			return abi.EINVAL
		}
	}
	return abi.OK
}
