package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// Runner runs the tests of mutants in a checkout.
type Runner struct {
	root string // of the module
	work string // a folder for planted files
	sane map[string]error
}

// Try plants m and runs its tests: by is what found it, "" when nothing did.
func (r *Runner) Try(m Mutant) (by string, err error) {
	overlay, err := r.plant(m)
	if err != nil {
		return "", err
	}
	for _, test := range m.Tests {
		if err := r.check(test); err != nil {
			return "", err
		}
		failed, out := r.test(test, "-overlay="+overlay)
		if strings.Contains(out, "[build failed]") || strings.Contains(out, "[setup failed]") {
			return "", fmt.Errorf("build %q: %s", m, out)
		}
		if failed {
			return found(out), nil
		}
	}
	return "", nil
}

// plant writes the file and an overlay that puts it into its place.
func (r *Runner) plant(m Mutant) (overlay string, err error) {
	file := filepath.Join(r.root, filepath.FromSlash(m.File))
	text, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	planted, err := m.Plant(string(text))
	if err != nil {
		return "", err
	}
	copied := filepath.Join(r.work, filepath.Base(file))
	if err := os.WriteFile(copied, []byte(planted), 0o600); err != nil {
		return "", err
	}
	replace, err := json.Marshal(map[string]map[string]string{"Replace": {file: copied}})
	if err != nil {
		return "", err
	}
	overlay = filepath.Join(r.work, "overlay.json")
	return overlay, os.WriteFile(overlay, replace, 0o600)
}

// check runs a test without any mutant, once: one that fails anyhow, or tests nothing, finds nothing.
func (r *Runner) check(test []string) error {
	name := strings.Join(test, " ")
	err, known := r.sane[name]
	if known {
		return err
	}
	failed, out := r.test(test, "")
	switch {
	case failed:
		err = fmt.Errorf("go test %s fails without a mutant: %s", name, out)
	case strings.Contains(out, "[no tests to run]"):
		err = fmt.Errorf("go test %s: there is no such test", name)
	}
	r.sane[name] = err
	return err
}

// test runs go test. A mutant may hang, and need not please vet. The flag is for the go commands that tests run, too.
func (r *Runner) test(args []string, flag string) (failed bool, out string) {
	cmd := exec.Command("go", append([]string{"test", "-vet=off", "-pgo=off", "-failfast", "-timeout=2m"}, args...)...)
	cmd.Dir = r.root
	cmd.Env = append(os.Environ(), "GOFLAGS="+os.Getenv("GOFLAGS")+" "+flag)
	text, err := cmd.CombinedOutput()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		return true, "[setup failed] " + err.Error()
	}
	return err != nil, excerpt(strings.TrimSpace(string(text)))
}

// excerpt is the beginning and the end of a long text.
func excerpt(text string) string {
	const most = 700
	if len(text) <= 2*most {
		return text
	}
	return text[:most] + "\n...\n" + text[len(text)-most:]
}

var marks = regexp.MustCompile(`(?m)^\s*--- FAIL: (\S+)|^(panic: test timed out|WARNING: DATA RACE|fatal error: .*|panic: .*)`)

// found is what a failed test says first.
func found(out string) string {
	mark := marks.FindStringSubmatch(out)
	if mark == nil {
		return "exit status"
	}
	return mark[1] + mark[2]
}
