package maps_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/abi"
)

// testdata/lru-*.txt are random operations and what Linux answered to them, evictions and order included.
func TestLRUAgainstRecordings(t *testing.T) {
	files, err := filepath.Glob("testdata/lru-*.txt")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) { replay(t, file) })
	}
}

func replay(t *testing.T, file string) {
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")[1:]
	var entries, flags uint32
	_, err = fmt.Sscanf(lines[0], "spec %d %v", &entries, &flags)
	require.NoError(t, err)
	m := newStore(t, abi.LRUHash, entries, flags, 0)
	for i, line := range lines[1:] {
		call, keys, walked := strings.Cut(line, " walk")
		require.Equal(t, call, perform(t, m, call), "%s:%d", file, i+3)
		if walked {
			require.Equal(t, strings.Fields(keys), strings.Fields(strings.Trim(fmt.Sprint(walk(t, m)), "[]")), "%s:%d", file, i+3)
		}
	}
}

// perform does a recorded operation and returns the line as it should have been.
func perform(t *testing.T, m store, call string) string {
	var cpu int
	var op, errno string
	var key uint32
	var flags uint64
	_, err := fmt.Sscan(call, &cpu, &op, &key, &flags, &errno)
	require.NoError(t, err)
	var got abi.Errno
	switch op {
	case "update":
		got = m.Update(on(cpu), key4(key), make([]byte, 8), flags)
	case "delete":
		got = m.Delete(on(cpu), key4(key))
	case "take":
		got = m.LookupAndDelete(on(cpu), key4(key), make([]byte, 8))
	case "drain":
		flags = uint64(drain(m, cpu, key))
	default:
		t.Fatalf("operation %q", op)
	}
	return strings.Join([]string{strconv.Itoa(cpu), op, fmt.Sprint(key), fmt.Sprint(flags), got.String()}, " ")
}

// drain empties the first bucket at or behind from that holds something and returns how many elements it had, as
// LOOKUP_AND_DELETE_BATCH does when called with the smallest count that it accepts.
func drain(m store, cpu int, from uint32) int {
	b := m.NextBucket(on(cpu), from)
	if b == m.Buckets() {
		return 0
	}
	return m.ReadBucket(on(cpu), b, make([]byte, 64*4), make([]byte, 64*8), true)
}
