package generator_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/bpfsim/bpfsim/proptest/generator"
	"github.com/bpfsim/bpfsim/proptest/program"
)

func TestTextRoundTrip(t *testing.T) {
	programs := generator.Programs(program.Machine{CPUs: 8, BPF: true, SysAdmin: true}, []int{0, 1, 7})
	rapid.Check(t, func(t *rapid.T) {
		want := programs.Draw(t, "program")
		got, err := program.Parse(want.String())
		require.NoError(t, err)
		require.Equal(t, want, got)
	})
}
