package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParseSize(t *testing.T) {
	for text, want := range map[string]uint64{
		"1": 1, "4096": 4096, "4096B": 4096, "1K": 1 << 10, "512M": 512 << 20, "512MB": 512 << 20, "2GiB": 2 << 30, "3TiB": 3 << 40,
	} {
		got, err := parseSize(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
	for _, text := range []string{"", "0", "x", "-1", "1.5G", "2GG", "2KM", "2X", "GiB", "99999999999T", "0K"} {
		_, err := parseSize(text)
		require.Error(t, err, text)
	}
}
