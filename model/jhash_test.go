package model

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Values that the author of lookup3 gives in his driver5 for hashlittle().
func TestJhash(t *testing.T) {
	const text = "Four score and seven years ago"
	require.Equal(t, uint32(0x17770551), jhash([]byte(text), 0))
	require.Equal(t, uint32(0xcd628161), jhash([]byte(text), 1))
}
