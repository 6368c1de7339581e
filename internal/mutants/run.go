package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Runner runs the tests of mutants in a checkout.
type Runner struct {
	root     string // of the module
	work     string // a folder for planted files and test binaries
	overlays map[*batch]string
	binaries map[string]binary
	sane     map[string]error
}

func newRunner(root, work string) *Runner {
	return &Runner{root: root, work: work, overlays: map[*batch]string{}, binaries: map[string]binary{}, sane: map[string]error{}}
}

// binary is the tests of a package, built.
type binary struct {
	path string
	err  error
}

// plain is the module as it is.
var plain = &batch{}

// Try runs the tests of p: by is what found it, "" when nothing did.
func (r *Runner) Try(p planted) (by string, err error) {
	for _, test := range p.Tests {
		if err := r.check(p.batch, test); err != nil {
			return "", err
		}
		failed, out, err := r.test(p.batch, p.number, test)
		if err != nil {
			return "", err
		}
		if failed {
			return found(out), nil
		}
	}
	return "", nil
}

// check runs a test without any mutant, once: one that fails anyhow, or tests nothing, finds nothing.
func (r *Runner) check(b *batch, test []string) error {
	if !b.woven {
		b = plain
	}
	name := fmt.Sprintf("%p %s", b, strings.Join(test, " "))
	err, known := r.sane[name]
	if known {
		return err
	}
	failed, out, err := r.test(b, 0, test)
	switch {
	case err != nil:
	case failed:
		err = fmt.Errorf("go test %s fails without a mutant: %s", strings.Join(test, " "), out)
	case strings.Contains(out, "no tests to run"):
		err = fmt.Errorf("go test %s: there is no such test", strings.Join(test, " "))
	}
	r.sane[name] = err
	return err
}

// test runs a test for a mutant of the batch. It may hang. What go commands the test runs, see the batch's files too.
func (r *Runner) test(b *batch, number int, args []string) (failed bool, out string, err error) {
	overlay, err := r.overlay(b)
	if err != nil {
		return false, "", err
	}
	goflags := "GOFLAGS=" + strings.TrimSpace(os.Getenv("GOFLAGS")+" -overlay="+overlay)
	build, run := split(args[1:])
	if at := slices.Index(build, patched); at >= 0 {
		if build[at], err = r.toolexec(); err != nil {
			return false, "", err
		}
	}
	bin := r.build(overlay, goflags, args[0], build)
	if bin.err != nil {
		return false, "", bin.err
	}
	cmd := exec.Command(bin.path, append([]string{"-test.failfast", "-test.timeout=2m"}, run...)...)
	cmd.Dir = r.dir(args[0])
	cmd.Env = append(os.Environ(), goflags, environment+"="+strconv.Itoa(number))
	text, err := cmd.CombinedOutput()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		return false, "", err
	}
	return err != nil, excerpt(strings.TrimSpace(string(text))), nil
}

// dir is the folder of a package, which may be of a module inside of this one.
func (r *Runner) dir(pkg string) string { return filepath.Join(r.root, filepath.FromSlash(pkg)) }

// patched is the argument of tests that are built as bpfsim test builds them.
const patched = "-patched"

// toolexec is the flag that it stands for.
func (r *Runner) toolexec() (string, error) {
	program := filepath.Join(r.work, "bpfsim")
	if _, err := os.Stat(program); err != nil {
		cmd := exec.Command("go", "build", "-pgo=off", "-o", program, "./cmd/bpfsim")
		cmd.Dir = r.root
		if text, err := cmd.CombinedOutput(); err != nil {
			return "", fmt.Errorf("go build ./cmd/bpfsim: %w: %s", err, text)
		}
	}
	return "-toolexec=" + program + " toolexec", nil
}

// split tells the flags of a build, of which tags and patched are those that tests have, from those of a test binary.
func split(args []string) (build, run []string) {
	for i := 0; i < len(args); i++ {
		switch {
		case args[i] == "-tags" && i+1 < len(args):
			build = append(build, "-tags="+args[i+1])
			i++
		case args[i] == patched:
			build = append(build, patched)
		case strings.HasPrefix(args[i], "-"):
			run = append(run, "-test."+args[i][1:])
		default:
			run = append(run, args[i])
		}
	}
	return build, run
}

// overlay writes the batch's files, and what tells the go command of them.
func (r *Runner) overlay(b *batch) (string, error) {
	if at, ok := r.overlays[b]; ok {
		return at, nil
	}
	replace := map[string]string{}
	for file, text := range b.files {
		copied := filepath.Join(r.work, fmt.Sprintf("%d-%s", len(r.overlays), strings.ReplaceAll(file, "/", "-")))
		if err := os.WriteFile(copied, []byte(text), 0o600); err != nil {
			return "", err
		}
		replace[filepath.Join(r.root, filepath.FromSlash(file))] = copied
	}
	text, err := json.Marshal(map[string]map[string]string{"Replace": replace})
	if err != nil {
		return "", err
	}
	r.overlays[b] = filepath.Join(r.work, fmt.Sprintf("overlay%d.json", len(r.overlays)))
	return r.overlays[b], os.WriteFile(r.overlays[b], text, 0o600)
}

// build builds the tests of a package, once.
func (r *Runner) build(overlay, goflags, pkg string, args []string) binary {
	name := strings.Join(append([]string{overlay, pkg}, args...), " ")
	if bin, ok := r.binaries[name]; ok {
		return bin
	}
	bin := binary{path: filepath.Join(r.work, fmt.Sprintf("test%d", len(r.binaries)))}
	cmd := exec.Command("go", append([]string{"test", "-c", "-vet=off", "-pgo=off", "-o", bin.path}, args...)...)
	cmd.Dir, cmd.Env = r.dir(pkg), append(os.Environ(), goflags)
	if text, err := cmd.CombinedOutput(); err != nil {
		bin.err = fmt.Errorf("go test -c %s %s: %w: %s", pkg, strings.Join(args, " "), err, text)
	}
	r.binaries[name] = bin
	return bin
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
