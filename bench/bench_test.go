package bench_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/bench"
	"github.com/bpfsim/bpfsim/proptest/kernel"
)

func ExampleRun() {
	report, err := bench.Run(context.Background(), bench.Options{Quick: true, Groups: []string{"sparse"}})
	if err != nil {
		panic(err)
	}
	for _, row := range report.Rows {
		fmt.Println(row.What, "-", row.Verdict())
	}
	// Output:
	// create a map of 2^24 slots - skipped: needs --kernel
	// walk 10 entries in 2^24 slots - skipped: needs --kernel
	// memory of 10 entries in 2^24 slots - ok
}

func TestUnknownGroup(t *testing.T) {
	_, err := bench.Run(t.Context(), bench.Options{Groups: []string{"dumps"}})
	require.ErrorContains(t, err, `no group "dumps"`)
}

func TestSizes(t *testing.T) {
	_, err := bench.Run(t.Context(), bench.Options{Groups: []string{"memory"}, Value: 9})
	require.ErrorContains(t, err, "no elements with keys of 0 and values of 9 bytes are measured (0 means all): keys may have [4 8 16 64], values [8 64 256]")
	report, err := bench.Run(t.Context(), bench.Options{Quick: true, Groups: []string{"memory"}, Key: 64})
	require.NoError(t, err)
	require.NotEmpty(t, report.Rows)
	for _, row := range report.Rows {
		require.Contains(t, row.What, "key 64, value 8")
	}
}

func TestVerdict(t *testing.T) {
	for _, c := range []struct {
		row  bench.Row
		want string
		goal string
	}{
		{bench.Row{Ratio: 2, Floor: 2}, "ok", "2.00x"},
		{bench.Row{Ratio: 1.9, Floor: 2}, "below", "2.00x"},
		{bench.Row{Ratio: 3, Floor: 2, Skipped: "why"}, "skipped: why", "2.00x"},
		{bench.Row{Ratio: 1, Limits: 2, Ceiling: 2}, "ok", "2.00 limits"},
		{bench.Row{Ratio: 100, Limits: 2.1, Ceiling: 2}, "below", "2.00 limits"},
		{bench.Row{Ratio: 1, Limits: 9}, "ok", ""},
	} {
		require.Equal(t, c.want, c.row.Verdict(), "%+v", c.row)
		require.Equal(t, c.goal, c.row.Goal(), "%+v", c.row)
		require.Equal(t, c.want == "ok", c.row.OK(), "%+v", c.row)
	}
}

func TestTables(t *testing.T) {
	r := bench.Report{Rows: []bench.Row{
		{Group: "g", What: "fast", Unit: "ns", Ours: 12.34, Rival: "Linux", Theirs: 1234, Ratio: 100, Floor: 15, Limit: 10, Limits: 1.23},
		{Group: "g", What: "slow", Unit: "ns", Ours: 2, Rival: "mock", Theirs: 1, Ratio: 0.5, Floor: 1},
		{Group: "g", What: "alone", Unit: "ns", Ours: 3, Rival: "Linux", Limit: 1, Limits: 3, Ceiling: 2},
		{Group: "g", What: "none", Unit: "a call", Rival: "bound", Ratio: 1, Floor: 1},
		{Group: "h", What: "gone", Rival: "Linux", Floor: 15, Skipped: "needs --kernel"},
	}}
	require.Equal(t, 2, r.Below())
	var text, markdown, data bytes.Buffer
	require.NoError(t, r.WriteTable(&text))
	require.Regexp(t, `fast +12.3 ns +Linux +1234 ns +100x +10.0 ns +1.23x +15.0x +ok\n`, text.String())
	require.NoError(t, r.WriteMarkdown(&markdown))
	for _, line := range []string{
		"| slow | 2.00 ns | mock | 1.00 ns | 0.50x |  |  | 1.00x | below |\n",
		"| alone | 3.00 ns | Linux |  |  | 1.00 ns | 3.00x | 2.00 limits | below |\n",
		"| none | 0.00 a call | bound | 0.00 a call | 1.00x |  |  | 1.00x | ok |\n",
		"| gone |  | Linux |  |  |  |  | 15.0x | skipped: needs --kernel |\n",
		"### h\n",
	} {
		require.Contains(t, markdown.String(), line)
	}
	require.NoError(t, r.WriteJSON(&data))
	var again bench.Report
	require.NoError(t, json.Unmarshal(data.Bytes(), &again))
	require.Equal(t, r, again)
}

func TestKernelNeedsRoot(t *testing.T) {
	if kernel.Available() == nil {
		t.Skip("this process may use bpf(2)")
	}
	_, err := bench.Run(t.Context(), bench.Options{Kernel: true, Quick: true, Groups: []string{"sparse"}})
	require.ErrorContains(t, err, "measure the kernel (needs root)")
}

// An interrupt leaves what has been measured.
func TestRunInterrupted(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	groups := 0
	report, err := bench.Run(ctx, bench.Options{Quick: true, Groups: []string{"sparse", "allocations"}, Progress: func(string) {
		if groups++; groups == 2 {
			interrupt()
			select {} // it takes long
		}
	}})
	require.ErrorIs(t, err, context.Canceled)
	require.NotEmpty(t, report.Rows)
	for _, row := range report.Rows {
		require.Equal(t, "sparse", row.Group)
	}
}
