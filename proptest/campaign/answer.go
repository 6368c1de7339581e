package campaign

import (
	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/program"
)

// Answer is what coverage counts: a command on a map of a type, and how it ended. Type is abi.Unspec where no map is
// named or none is there.
type Answer struct {
	Type  abi.MapType
	Cmd   abi.Cmd
	Errno abi.Errno
}

// typeOf is the type of the map that c, which is in memory, names.
func (r *runner) typeOf(c program.Call) abi.MapType {
	a := r.kernel.Arena()
	if c.Cmd == abi.MapCreate {
		return min(abi.MapType(a.Field(c, abi.CreateMapType, 4)), abi.NumMapTypes) // what Linux does not know is one type
	}
	f := &program.LayoutOf(c.Cmd).MapFD
	if f.Size == 0 {
		return abi.Unspec
	}
	return r.possible.MapType(int32(a.Field(c, f.Offset, f.Size)))
}

// Calls counts the calls by command and errno.
func (r *Report) Calls() map[abi.Cmd]map[abi.Errno]int {
	calls := map[abi.Cmd]map[abi.Errno]int{}
	for answer, n := range r.Seen {
		if calls[answer.Cmd] == nil {
			calls[answer.Cmd] = map[abi.Errno]int{}
		}
		calls[answer.Cmd][answer.Errno] += n
	}
	return calls
}
