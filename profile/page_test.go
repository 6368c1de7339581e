package profile_test

import (
	"flag"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/profile"
)

const page = "../docs/kernels.md"

var update = flag.Bool("update", false, "write "+page)

func TestPage(t *testing.T) {
	if *update {
		require.NoError(t, os.WriteFile(page, []byte(profile.Page()), 0o644))
	}
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	require.Equal(t, profile.Page(), string(text), "the page is out of date: go test ./profile -update")
}

func TestRowsHaveNames(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range profile.Rows {
		require.False(t, seen[r.Name], r.Name)
		seen[r.Name] = true
		require.NotEmpty(t, r.Before, r.Name)
		require.NotEmpty(t, r.Now, r.Name)
		require.NotEmpty(t, r.Source, r.Name)
	}
}

// A row begins with its series, and not with the one before.
func TestRowsBegin(t *testing.T) {
	for _, r := range profile.Rows {
		require.True(t, r.In(r.Since), r.Name)
		_, backported := r.Backports[r.Since-1]
		require.Equal(t, backported, r.In(r.Since-1), r.Name)
	}
}
