package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDoctor(t *testing.T) {
	var ways []way
	cmd := bpfsimCommand(t, "doctor", "--json")
	out, err := cmd.Output()
	require.NoError(t, err, "%s", out)
	require.NoError(t, json.Unmarshal(out, &ways))
	byName := map[string]way{}
	for _, w := range ways {
		byName[w.Name] = w
		for _, c := range w.Checks {
			require.NotEmpty(t, c.Found, "%s: %s", w.Name, c.Name)
		}
	}
	require.True(t, byName["patched"].Open, "%s", out)
	require.Contains(t, byName, "notified")
	if os.Getuid() == 0 { // it ran as somebody else
		require.False(t, byName["kernel"].Open, "%s", out)
	}
}

// What is missing is named, with the way out, and the status says that something works all the same.
func TestDoctorWithoutGo(t *testing.T) {
	skipIfRefused(t)
	cmd := bpfsimCommand(t, "doctor")
	cmd.Env = append(cmd.Env, "PATH=/nowhere")
	out := output(t, 0, cmd)
	require.Regexp(t, `(?m)^patched +closed `, out)
	require.Regexp(t, `(?m)^  go +missing .*install Go 1\.26 or newer$`, out)
	require.Regexp(t, `(?m)^notified +works `, out)
}

func TestDoctorWhereNothingWorks(t *testing.T) {
	skipIfRefused(t)
	cmd := bpfsimCommand(t, "run", "--", "/usr/bin/env", asMainVar+"=1", binary, "doctor") // within bpfsim no other one starts
	cmd.Env = append(cmd.Env, "PATH=/nowhere")
	out := output(t, 1, cmd)
	require.Regexp(t, `(?m)^notified +closed `, out)
	require.Contains(t, out, "already under bpfsim")
}

func TestOlderGo(t *testing.T) {
	for version, want := range map[string]bool{"go1.25.3": true, "go1.26": false, "go1.26.8": false, "go1.27rc1": false, "go2.0": false, "gibberish": true} {
		require.Equal(t, want, olderGo(version), version)
	}
}

func TestEnv(t *testing.T) {
	cmd := bpfsimCommand(t, "env")
	cmd.Env = append(cmd.Env, "GOFLAGS=-mod=mod")
	out := output(t, 0, cmd)
	require.Equal(t, `export GOFLAGS='-mod=mod "-toolexec=`+binary+` toolexec"'`, out)
	shell := exec.Command("sh", "-c", out+"; go env GOFLAGS")
	require.Equal(t, `-mod=mod "-toolexec=`+binary+` toolexec"`, output(t, 0, shell), "as a shell takes it")
	again := bpfsimCommand(t, "env")
	again.Env = append(again.Env, "GOFLAGS="+strings.Trim(strings.TrimPrefix(out, "export GOFLAGS="), "'"))
	require.Equal(t, out, output(t, 0, again), "a second time in the same shell")
}
