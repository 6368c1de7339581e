package intercept

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Symbols without addresses get some that differ and ascend; those with addresses stay.
func TestSymbols(t *testing.T) {
	const hidden = "0000000000000000 T _stext\n0000000000000000 D value\n0000000000000000 t second\n0000000000000000 t of_module\t[module]\n"
	made := parseSymbols(hidden)
	require.Equal(t, "ffffffff81000000 T _stext\nffffffff81000400 D value\nffffffff81000800 t second\nffffffffc0000000 t of_module\t[module]\n", made.text)
	require.Equal(t, map[string]uint64{"_stext": 0xffffffff81000000, "second": 0xffffffff81000800, "of_module": 0xffffffffc0000000}, made.functions)

	shown := parseSymbols("0000000000000000 A per_cpu\nffffffff81000010 T _stext\n")
	require.Empty(t, shown.text)
	require.Equal(t, map[string]uint64{"_stext": 0xffffffff81000010}, shown.functions)
	require.Empty(t, parseSymbols("").text)
	require.Empty(t, parseSymbols("no symbols at all\n\nx").functions)
}
