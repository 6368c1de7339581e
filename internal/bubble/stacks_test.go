package bubble

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestShort(t *testing.T) {
	for name, want := range map[string]string{
		"example.com/a/agent.(*Agent).collect": "Agent.collect",
		"agent.TestX.func1.2":                  "TestX.func1.2",
		"example.com/a.Walk[...]":              "Walk",
		"main.main":                            "main",
		"":                                     "_",
	} {
		require.Equal(t, want, short(name), name)
	}
	require.Equal(t, "data_path", Name("data path"))
}

func TestParseHeader(t *testing.T) {
	id, bubble := parseHeader([]byte("goroutine 19 [chan receive (durable), synctest bubble 3]:\nmain.main()"))
	require.Equal(t, []uint64{19, 3}, []uint64{id, bubble})
	id, bubble = parseHeader([]byte("goroutine 7 [running]:\nsynctest bubble 3"))
	require.Equal(t, []uint64{7, 0}, []uint64{id, bubble})
}
