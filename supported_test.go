package bpfsim_test

import (
	"flag"
	"os"
	"strings"
	"testing"

	bpfsys "github.com/bpfsim/bpfsim/syscall"
	"github.com/stretchr/testify/require"
)

const supportedPage = "docs/supported.md"

var update = flag.Bool("update", false, "write the generated tables into "+supportedPage)

func supported(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(supportedPage)
	require.NoError(t, err)
	return string(text)
}

// between is the part of text between the markers <!-- name --> and <!-- /name -->, and what stands around it.
func between(t *testing.T, text, name string) (before, part, after string) {
	t.Helper()
	before, rest, ok := strings.Cut(text, "<!-- "+name+" -->\n")
	require.True(t, ok, "no marker %s", name)
	part, after, ok = strings.Cut(rest, "<!-- /"+name+" -->\n")
	require.True(t, ok, "no end of marker %s", name)
	return before, part, after
}

// The tables say what the dispatch does, because they are made from it.
func TestSupportedTables(t *testing.T) {
	for name, want := range map[string]string{"commands": bpfsys.CommandTable(), "types": bpfsys.MapTypeTable()} {
		before, part, after := between(t, supported(t), name)
		if *update {
			text := before + "<!-- " + name + " -->\n" + want + "<!-- /" + name + " -->\n" + after
			require.NoError(t, os.WriteFile(supportedPage, []byte(text), 0o644))
			continue
		}
		require.Equal(t, want, part, "table %s is out of date: go test . -run TestSupportedTables -update", name)
	}
}
