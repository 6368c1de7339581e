package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// python is where nobody may execute it.
const python = "/usr/bin/python3"

// conformOfRun asks the example's plugin, an ordinary user's program that calls bpf(2) through the C library under `bpfsim run`.
func conformOfRun(t *testing.T) *exec.Cmd {
	t.Helper()
	if _, err := os.Stat(python); err != nil {
		skip(t, "no "+python)
	}
	text, err := os.ReadFile("../../examples/conform/libc.py")
	require.NoError(t, err)
	cmd := bpfsimCommand(t, "conform", "--programs", "5", "--types", "hash,array,stack,lpm_trie", "--",
		"env", asMainVar+"=1", binary, "run", "--quiet", "--cpus", "2", "--", python, "libc.py")
	for _, word := range cmd.Env {
		if home, isHome := strings.CutPrefix(word, "HOME="); isHome {
			cmd.Dir = home // the last one, which is nobody's
		}
	}
	require.NoError(t, os.WriteFile(filepath.Join(cmd.Dir, "libc.py"), text, 0o644))
	return cmd
}

func TestConformOfRun(t *testing.T) {
	skipIfRefused(t)
	out := output(t, 0, conformOfRun(t))
	require.Regexp(t, `MAP_UPDATE_ELEM +\d+ of`, out)
	require.Regexp(t, `all +\d+ of +\d+  \(100.0 %\)`, out)
}

// preloaded is a library that stands before bpf(2) and forgets BPF_EXIST.
const preloaded = `
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdarg.h>
#include <sys/syscall.h>

long syscall(long number, ...) {
	static long (*next)(long, ...);
	va_list list;
	long a[6];
	va_start(list, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(list, long);
	va_end(list);
	if (!next)
		next = dlsym(RTLD_NEXT, "syscall");
	if (number == SYS_bpf && a[0] == 2) // BPF_MAP_UPDATE_ELEM
		((unsigned long *)a[1])[3] &= ~2ul;
	return next(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
`

// What a library under LD_PRELOAD does otherwise is found and named.
func TestConformOfPreloadedLibrary(t *testing.T) {
	gcc, err := exec.LookPath("gcc")
	if err != nil {
		skip(t, "no gcc")
	}
	skipIfRefused(t)
	cmd := conformOfRun(t)
	source, library := filepath.Join(cmd.Dir, "mock.c"), filepath.Join(cmd.Dir, "mock.so")
	require.NoError(t, os.WriteFile(source, []byte(preloaded), 0o644))
	built, err := exec.Command(gcc, "-shared", "-fPIC", "-o", library, source, "-ldl").CombinedOutput()
	require.NoError(t, err, string(built))
	at := slices.Index(cmd.Args, python)
	cmd.Args = slices.Insert(cmd.Args, at, "env", "LD_PRELOAD="+library)
	out := output(t, 1, cmd)
	require.Contains(t, out, "broken: MAP_UPDATE_ELEM/exist-absent-inserts-nothing")
	require.NotContains(t, out, "broken: MAP_UPDATE_ELEM/noexist-keeps")
}
