package bpftest

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// What is printed runs the one test again, whatever it is called.
func TestAgain(t *testing.T) {
	require.Equal(t, "this order again: -run '^TestA$' -bpftest.replay='3:gc'", again("TestA", "3:gc"))
	require.Equal(t, `this order again: -run '^TestA$/^x_\(y\)$/^b#01$' -bpftest.replay='-'`, again("TestA/x_(y)/b#01", "-"))
	require.Equal(t, `this order again: -run '^TestA$/^it'\''s$' -bpftest.replay='-'`, again("TestA/it's", "-"))
}
