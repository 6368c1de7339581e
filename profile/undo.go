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
