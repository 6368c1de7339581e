package profile

import (
	"strings"

	"github.com/bpfsim/bpfsim/abi"
)

func withoutType(t abi.MapType) func(*Profile) {
	return func(p *Profile) { p.LacksType[t] = true }
}

func withoutCommand(c abi.Cmd) func(*Profile) {
	return func(p *Profile) { p.LacksCommand[c] = true }
}

// ending lets the fields of commands end at an offset, in bytes.
func ending(end int, commands ...abi.Cmd) func(*Profile) {
	return func(p *Profile) {
		for _, c := range commands {
			p.Ends[c] = end
		}
	}
}

// zeros are bytes in the text of a program.
func zeros(n int) string { return strings.Repeat("00", n) }

// loadLocked loads types of which number 4 is a struct of 8 bytes with a spin lock, and 1 an int.
const loadLocked = "cpu0 BPF_BTF_LOAD @0 size=28 { btf=@1000 btf_size=163 } " +
	"@1000=9feb010018000000000000005c0000005c0000002f0000000100000000000001040000002000000005000000000000010800000040000000" +
	"1300000001000004040000000a0000000100000000000000280000000200000408000000210000000100000000000000230000000300000020000000" +
	"00696e74006c6f6e67005f5f6f7061717565006270665f7370696e5f6c6f636b006e006c6f636b006c6f636b656400 -> 500\n"
