package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A full LRU map of two elements: an older kernel evicts both for one.
const fillLRU = `bpftool map create /sys/fs/bpf/m type lru_hash key 1 value 1 entries 2 name m
for i in 1 2 3; do bpftool map update name m key $i value $i; done
bpftool map dump name m | tail -1`

func TestRunAnswersAsAnOlderLinux(t *testing.T) {
	skipIfRefused(t)
	bpftool(t)
	for series, left := range map[string]string{"6.1": "Found 1 element", "6.12": "Found 2 elements", "6.18": "Found 2 elements"} {
		require.Equal(t, left, output(t, 0, bpfsimCommand(t, "run", "--cpus", "1", "--linux", series, "--", "sh", "-c", fillLRU)), series)
	}
	require.Contains(t, output(t, 125, bpfsimCommand(t, "run", "--linux", "5.15", "--", "true")),
		`--linux: no profile of Linux "5.15": want one of [6.1 6.12 6.18]`)
}
