package replay

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/recording"
)

// Different bytes stay different even where there are hardly any, and equal ones equal.
func TestMaskerTellsApart(t *testing.T) {
	m := newMasker([32]byte{1})
	seen := map[string]byte{}
	for b := range 256 {
		p := []byte{byte(b)}
		m.bytes(p)
		require.NotContains(t, seen, string(p))
		seen[string(p)] = byte(b)
		again := []byte{byte(b)}
		m.bytes(again)
		require.Equal(t, p, again)
	}
}

func TestMaskerText(t *testing.T) {
	m := newMasker([32]byte{2})
	text := m.text("/sys/fs/bpf/alice/.rodata-alice_1")
	require.Regexp(t, `^/sys/fs/bpf/[a-z]{5}/\.rodata-[a-z]{5}_[a-z]$`, text)
	require.NotContains(t, text, "alice")
	require.Equal(t, text[12:17], text[26:31], "the same name is the same")
}

// Two addresses share as many bits masked as they did before.
func TestMaskerPrefix(t *testing.T) {
	common := func(a, b []byte) int {
		for i := range 8 * len(a) {
			if a[i/8]>>(7-i%8)&1 != b[i/8]>>(7-i%8)&1 {
				return i
			}
		}
		return 8 * len(a)
	}
	m := newMasker([32]byte{3})
	changed := false
	for i := range 40 {
		a, b := []byte{10, 1, byte(i * 7), byte(i)}, []byte{10, 1, byte(i * 5), 99}
		want := common(a, b)
		was := fmt.Sprint(a)
		m.prefix(a)
		m.prefix(b)
		require.Equal(t, want, common(a, b))
		changed = changed || was != fmt.Sprint(a)
	}
	require.True(t, changed)
}

// What a program has left of a packet and a context is masked as well as what it was run on.
func TestMaskOfRuns(t *testing.T) {
	m := &masking{masker: newMasker([32]byte{1})}
	text, err := json.Marshal(recording.Ran{Stands: true, Value: 2, Context: []byte("mycontext"), Data: []byte("mypacket")})
	require.NoError(t, err)
	var ran recording.Ran
	require.NoError(t, json.Unmarshal([]byte(m.ranIn(string(text))), &ran))
	require.Len(t, ran.Data, 8)
	require.Len(t, ran.Context, 9)
	require.NotEqual(t, "mypacket", string(ran.Data))
	require.NotEqual(t, "mycontext", string(ran.Context))
	require.EqualValues(t, 2, ran.Value)
}
