package conform_test

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/conform"
	"github.com/bpfsim/bpfsim/proptest/kernel"
	"github.com/bpfsim/bpfsim/proptest/kernel/kerneltest"
	"github.com/bpfsim/bpfsim/semantics"
)

// names are what a report says is broken.
func names(r *conform.Report) (all []string) {
	for _, b := range r.Broken {
		all = append(all, b.Name)
	}
	return all
}

func ask(t *testing.T, on semantics.Implementation) *conform.Report {
	t.Helper()
	o := conform.Options{Seed: 1}
	if testing.Short() {
		o.Types, o.Programs = []abi.MapType{abi.Hash, abi.LRUHash}, 20
	}
	report, err := conform.Run(context.Background(), on, o)
	require.NoError(t, err)
	return report
}

func toyReport(t *testing.T, fault string) *conform.Report {
	return ask(t, conform.OnMaps(func() conform.Maps { return toy{fault} }))
}

func TestBpfsimConforms(t *testing.T) {
	report := ask(t, semantics.OnKernel(kernel.NewSim(), 2))
	require.True(t, report.Conforms(), "%s", report)
}

func TestLinuxConforms(t *testing.T) {
	k, err := kernel.NewLinux()
	kerneltest.Need(t, err)
	defer k.Close()
	report := ask(t, semantics.OnKernel(k, kernel.PossibleCPUs()))
	require.True(t, report.Conforms(), "%s", report)
}

// Nothing here knows of the faults: what finds them are the statements and what is drawn.
func TestFaultsAreNamed(t *testing.T) {
	right := names(toyReport(t, ""))
	t.Log(right)
	for fault, by := range map[string][]string{
		"inverted EXIST": {"MAP_UPDATE_ELEM/exist-present", "MAP_UPDATE_ELEM/exist-absent-inserts-nothing", "programs/HASH"},
		"never full":     {"MAP_UPDATE_ELEM/full-keeps", "programs/HASH"},
		"restarts":       {"walks/HASH"},
		"skips":          {"walks/HASH"},
		"no FREEZE":      {"MAP_FREEZE/stays", "MAP_FREEZE/twice"},
		"plain LRU":      {"MAP_UPDATE_ELEM/evicts"},
		"end at a gap":   {"MAP_GET_NEXT_KEY/deleted-cursor"},
	} {
		t.Run(fault, func(t *testing.T) {
			broken := names(toyReport(t, fault))
			for _, name := range by {
				require.NotContains(t, right, name)
				require.Contains(t, broken, name)
			}
			for _, name := range broken {
				if !slices.Contains(right, name) {
					t.Log(name)
				}
			}
		})
	}
}
