package trace

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/abi"
)

func TestQuote(t *testing.T) {
	for text, want := range map[string]string{
		"": `""`, "abc": `"abc"`, "\x01\x00\x00": `"\1\0\0"`, "\x001": `"\0001"`, "\x008": `"\0008"`, "\x00x": `"\0x"`,
		"a\"b\\c\n\t\r\f\v": `"a\"b\\c\n\t\r\f\v"`, "\x7f\xff ": `"\177\377 "`,
	} {
		require.Equal(t, want, quote([]byte(text)))
	}
}

func TestResult(t *testing.T) {
	require.Equal(t, "7", result(7, abi.OK))
	require.Equal(t, "-1 ENOENT (No such file or directory)", result(0, abi.ENOENT))
	require.Equal(t, "-1 ENOTSUPP (Unknown error 524)", result(0, abi.ENOTSUPP))
}

func TestElemFlags(t *testing.T) {
	for flags, want := range map[uint64]string{
		0: "BPF_ANY", 1: "BPF_NOEXIST", 2: "BPF_EXIST", 3: "BPF_NOEXIST|BPF_EXIST", 4: "BPF_F_LOCK", 6: "BPF_EXIST|BPF_F_LOCK",
		8: "BPF_ANY|0x8", 1 << 63: "BPF_ANY|0x8000000000000000",
	} {
		require.Equal(t, want, elemFlags(flags))
	}
}
