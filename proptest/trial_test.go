package proptest

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Programs that run at once give what they give one after the other.
func TestTrialsAtOnce(t *testing.T) {
	o := Options{Seed: 3, CPUs: 2, Kernels: []Kernel{NewSim()}}
	single, end := o.trials(1)
	defer end()
	several, stop := o.trials(3)
	defer stop()
	for range 100 {
		require.Equal(t, single(), several())
	}
}
