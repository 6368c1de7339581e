package main

import (
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRevision(t *testing.T) {
	clean := debug.BuildSetting{Key: "vcs.modified", Value: "false"}
	rev, dirty := debug.BuildSetting{Key: "vcs.revision", Value: "c0ffee"}, debug.BuildSetting{Key: "vcs.modified", Value: "true"}
	require.Equal(t, "", revisionOf(nil))
	require.Equal(t, ", revision c0ffee", revisionOf([]debug.BuildSetting{rev}))
	require.Equal(t, ", revision c0ffee with changes", revisionOf([]debug.BuildSetting{rev, dirty}))
	require.Equal(t, ", revision c0ffee", revisionOf([]debug.BuildSetting{rev, clean}))
}
