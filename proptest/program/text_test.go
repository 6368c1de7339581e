package program_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/proptest/program"
)

func TestParseErrors(t *testing.T) {
	const machine = "machine cpus=1 bpf=true sysadmin=true\n"
	for name, text := range map[string]string{
		"empty":              "",
		"too many CPUs":      "machine cpus=8193 bpf=true sysadmin=true",
		"unknown verb":       machine + "cpu0 reboot fd=1",
		"no CPU":             machine + "close fd=500",
		"unclosed braces":    machine + "cpu0 BPF_MAP_FREEZE @0 size=4 { fd=500",
		"unknown field":      machine + "cpu0 BPF_MAP_FREEZE @0 size=4 { key=1 }",
		"bad number":         machine + "cpu0 BPF_MAP_FREEZE @0 size=4 { map_fd=x }",
		"bad hexadecimal":    machine + "cpu0 BPF_MAP_FREEZE @0 size=4 @10=0",
		"bad string":         machine + `cpu0 mkdir path="/`,
		"missing size":       machine + "cpu0 BPF_MAP_FREEZE @0",
		"offset beyond attr": machine + "cpu0 BPF_MAP_FREEZE @0 size=4 { +8192=01 }",
		"nested in nothing":  machine + "before=1 cpu0 close fd=500",
		"nested in a call":   machine + "cpu0 BPF_MAP_FREEZE @0 size=4\n  before=1 cpu0 close fd=500",
		"negative length":    machine + "cpu0 BPF_MAP_FREEZE @0 size=4 { bytes=-1 }",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := program.Parse(text)
			require.Error(t, err)
		})
	}
}
