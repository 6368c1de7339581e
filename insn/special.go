package insn

// Special is what a function may do only where it returns an integer.
type Special struct{ LoadsPackets, TailCalls bool }

// SpecialOf looks through the instructions of a function.
func SpecialOf(function []Insn) (s Special) {
	const tailCall = 12
	for _, insn := range function {
		if insn.class() == classLD && (insn.mode() == modeABS || insn.mode() == modeIND) {
			s.LoadsPackets = true
		}
		if insn.Code == CodeCall && insn.Src == CallHelper && insn.Imm == tailCall {
			s.TailCalls = true
		}
	}
	return s
}
