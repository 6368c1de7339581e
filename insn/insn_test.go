package insn

import (
	"fmt"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/stretchr/testify/require"
)

type text struct{ said string }

func (t *text) Printf(format string, args ...any) { t.said += fmt.Sprintf(format, args...) }

// none resolves nothing.
type none struct{}

func (none) Map(int, Insn, Insn) abi.Errno { return abi.EBADF }

func (none) BTFID(Insn, Insn) abi.Errno { return abi.ENOENT }

// check is what Linux does with a socket filter, in its order.
func check(all []Insn, log Log) abi.Errno {
	starts, errno := Subprogs(all, func(Insn) abi.Errno { return abi.ENOTSUPP }, log)
	if errno == abi.OK {
		errno = CheckSubprogs(all, starts, log)
	}
	if errno == abi.OK {
		errno = Resolve(all, none{}, log)
	}
	if errno == abi.OK {
		errno = CheckFlow(all, log)
	}
	if errno == abi.OK {
		errno = CheckReached(all, Kind{Type: abi.ProgSocketFilter, GPL: true, Perfmon: true}, log)
	}
	return errno
}

var (
	zero = Insn{Code: 0xb7} // r0 = 0
	exit = Insn{Code: CodeExit}
)

// The errnos and logs of 6.18, asked for each program.
func TestChecks(t *testing.T) {
	for _, tt := range []struct {
		name string
		all  []Insn
		want abi.Errno
		log  string
	}{
		{"constant", []Insn{zero, exit}, abi.OK, ""},
		{"no exit", []Insn{zero, zero}, abi.EINVAL, "last insn is not an exit or jmp\n"},
		{"nothing to return", []Insn{exit}, abi.EACCES, "R0 !read_ok\n"},
		{"jump outside", []Insn{{Code: 0x05, Off: 2}, zero, exit}, abi.EINVAL, "jump out of range from insn 0 to 3\n"},
		{"call outside", []Insn{{Code: CodeCall, Src: CallProg, Imm: 9}, exit}, abi.EINVAL, "call to invalid destination\n"},
		{"unreachable", []Insn{zero, exit, zero, exit}, abi.EINVAL, "unreachable insn 2\n"},
		{"no such code", []Insn{zero, {Code: 0x88}, exit}, abi.EINVAL, "unknown opcode 88\n"},
		{"half a load", []Insn{{Code: CodeLoad64}, exit}, abi.EINVAL, "invalid bpf_ld_imm64 insn\n"},
		{"map without fd", []Insn{{Code: CodeLoad64, Src: MapFD, Imm: 3}, {}, exit}, abi.EBADF, ""},
		{"map with an offset", []Insn{{Code: CodeLoad64, Src: MapFD, Imm: 3}, {Imm: 1}, exit}, abi.EINVAL, "unrecognized bpf_ld_imm64 insn\n"},
		{"kernel function", []Insn{{Code: CodeCall, Src: CallKfunc, Imm: 3}, exit}, abi.ENOTSUPP, ""},
		{"helper of others", []Insn{{Code: CodeCall, Imm: 44}, exit}, abi.EINVAL, "program of this type cannot use helper bpf_xdp_adjust_head#44\n"},
		{"no helper", []Insn{{Code: CodeCall, Imm: 212}, exit}, abi.EINVAL, "invalid func unknown#212\n"},
		{"poisoned and dead", []Insn{zero, {Code: 0x15, Off: 1}, {Code: CodeCall, Imm: 195896080}, exit}, abi.OK, ""},
		{"register 11", []Insn{{Code: 0xb7, Dst: 11}, zero, exit}, abi.EINVAL, "R11 is invalid\n"},
		{"division by 0", []Insn{zero, {Code: 0x37}, exit}, abi.EINVAL, "div by zero\n"},
		{"both ends of a lookup", []Insn{
			{Code: CodeCall, Imm: 1}, {Code: 0x15, Off: 1}, {Code: CodeCall, Imm: 212}, zero, exit,
		}, abi.EINVAL, "invalid func unknown#212\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var log text
			require.Equal(t, tt.want, check(tt.all, &log))
			require.Equal(t, tt.log, log.said)
			require.Equal(t, tt.all, DecodeAll(Encode(tt.all)))
		})
	}
}

// No program makes the checks panic or run for ever.
func FuzzCheck(f *testing.F) {
	f.Add(Encode([]Insn{zero, exit}))
	f.Add(Encode([]Insn{{Code: CodeCall, Src: CallProg, Imm: 1}, exit, zero, exit}))
	f.Add(Encode([]Insn{{Code: CodeLoad64, Src: Func, Imm: 2}, {}, exit, zero, exit}))
	f.Add(Encode([]Insn{zero, {Code: 0x05, Off: -1}}))
	f.Fuzz(func(t *testing.T, code []byte) {
		all := DecodeAll(code)
		if len(all) == 0 {
			return
		}
		first, second := new(text), new(text)
		errno := check(all, first)
		require.Equal(t, errno, check(all, second))
		require.Equal(t, first.said, second.said)
		require.Equal(t, code[:len(all)*Size], Encode(all))
	})
}
