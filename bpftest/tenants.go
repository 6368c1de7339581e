package bpftest

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/syscall"
)

// tenant is a test that wants a kernel.
type tenant struct {
	name     string
	parallel bool
}

// tenantOf looks at a test. What is none of package testing's may have no name.
func tenantOf(t testing.TB) tenant {
	test, ok := unwrapped(t).(*testing.T)
	if !ok {
		return tenant{name: "another test"}
	}
	return tenant{test.Name(), isParallel(test)}
}

// isParallel tells that a test, or one that it is part of, has called t.Parallel. Package testing does not say, but keeps it in a field.
func isParallel(test *testing.T) bool {
	for v := reflect.ValueOf(test); v.Kind() == reflect.Pointer && !v.IsNil(); v = v.Elem().FieldByName("parent") {
		if f := v.Elem().FieldByName("isParallel"); f.Kind() == reflect.Bool && f.Bool() {
			return true
		}
	}
	return false
}

// unwrapped is the test that a struct of somebody's has as its testing.TB. Those that Explore runs are their own.
func unwrapped(t testing.TB) testing.TB {
	for {
		v := reflect.Indirect(reflect.ValueOf(t))
		if _, explored := t.(*T); explored || v.Kind() != reflect.Struct {
			return t
		}
		f, found := v.Type().FieldByName("TB")
		if !found {
			return t
		}
		field, err := v.FieldByIndexErr(f.Index)
		if err != nil || !field.CanInterface() {
			return t
		}
		inner, ok := field.Interface().(testing.TB)
		if !ok {
			return t
		}
		t = inner
	}
}

// tenants are the tests of this process that have a kernel now. One that is not parallel is alone, and all goroutines are its. Of tests that run
// in parallel a goroutine is known by its label.
type tenants struct {
	byLabel atomic.Pointer[map[*label]*machine] // nil while no parallel test has a kernel

	mu    sync.Mutex
	live  []*machine
	last  int               // the number given out last
	ended map[*label]string // the names of parallel tests that are over
	told  map[string]bool   // what standard error has heard of those
}

// admit boots a kernel for a test.
func (h *host) admit(t tenant, q request) (*machine, error) {
	all := &h.tenants
	all.mu.Lock()
	defer all.mu.Unlock()
	for _, other := range all.live {
		if !t.parallel || !other.tenant.parallel {
			return nil, other.refusal(t)
		}
	}
	r, err := h.record(q)
	if err != nil {
		return nil, err
	}
	m := h.newMachine(q, r)
	m.tenant = t
	if t.parallel {
		all.last++
		m.below = fmt.Sprintf("/parallel-%d", all.last)
		if err := os.Mkdir(h.bpffs+m.below, 0o755); err != nil {
			return nil, fmt.Errorf("make bpffs directory: %w", err)
		}
		m.label = labelGoroutine(t.name)
	} else {
		h.booted.Store(m)
	}
	all.live = append(all.live, m)
	all.publish()
	return m, nil
}

// refusal is why a test that has a kernel keeps another one from having one.
func (m *machine) refusal(t tenant) error {
	const once = "call bpftest.Kernel once in a test and its subtests, after t.Parallel where it is parallel"
	switch {
	case t.parallel:
		return fmt.Errorf("%s, which is not parallel, has a kernel now, and all goroutines are its: %s", m.tenant.name, once)
	case m.tenant.parallel:
		return fmt.Errorf("%s, which is parallel, has a kernel now, and this test is not parallel: %s", m.tenant.name, once)
	}
	return fmt.Errorf("%s, which was not parallel then, has a kernel now, and it is alone: %s", m.tenant.name, once)
}

// leave ends a test's time.
func (h *host) leave(m *machine) {
	all := &h.tenants
	all.mu.Lock()
	defer all.mu.Unlock()
	all.live = slices.DeleteFunc(all.live, func(other *machine) bool { return other == m })
	if m.label != nil {
		if all.ended == nil {
			all.ended, all.told = map[*label]string{}, map[string]bool{}
		}
		all.ended[m.label] = m.tenant.name
		_ = os.RemoveAll(h.bpffs + m.below)
	}
	all.publish()
}

// publish has calls find whose they are.
func (all *tenants) publish() {
	byLabel := map[*label]*machine{}
	for _, m := range all.live {
		if m.label != nil {
			byLabel[m.label] = m
		}
	}
	if len(byLabel) == 0 {
		all.byLabel.Store(nil)
		return
	}
	all.byLabel.Store(&byLabel)
}

// here is the kernel of the calling goroutine; it is the one for strays where that is not known.
func (h *host) here() *machine {
	byLabel := h.tenants.byLabel.Load()
	if byLabel == nil {
		return h.booted.Load()
	}
	if m := (*byLabel)[goroutineLabel()]; m != nil {
		return m
	}
	return h.stray
}

// below is the directory that stands for the bpffs of a kernel, as it goes on behind that of all.
func (h *host) below(k *bpfsys.Kernel) string {
	if k == h.stray.kernel {
		h.tenants.strayed("a path below /sys/fs/bpf")
	}
	if byLabel := h.tenants.byLabel.Load(); byLabel != nil {
		for _, m := range *byLabel {
			if m.kernel == k {
				return m.below
			}
		}
	}
	return ""
}

// strayed is bpfsys.Options.Fault of the kernel for strays.
func (h *host) strayed(a bpfsys.Attempt) bpfsys.Fault {
	h.tenants.strayed(a.Cmd.String())
	return bpfsys.Fault{Errno: abi.ENOSYS}
}

// mostStrays is how many calls a test hears of.
const mostStrays = 8

// strayed notes a call of a goroutine that has no kernel: for all tests that have one, since it may be of any, or on standard error where it is of one
// that is over.
func (all *tenants) strayed(what string) {
	pcs := make([]uintptr, deepest)
	place := callerIn(pcs[:runtime.Callers(1, pcs)])
	all.mu.Lock()
	defer all.mu.Unlock()
	if name, over := all.ended[goroutineLabel()]; over {
		if !all.told[name] {
			all.told[name] = true
			fmt.Fprintf(os.Stderr, "bpftest: %s at %s by a goroutine that %s has left behind, answered with ENOSYS: end goroutines with their test\n",
				what, place, name)
		}
		return
	}
	for _, m := range all.live {
		if len(m.strays) < mostStrays {
			m.strays = append(m.strays, fmt.Sprintf("%s at %s", what, place))
		}
	}
}

// strayHelp is what to do about them.
const strayHelp = "of tests that run in parallel each has a kernel of its own, which its goroutine finds and those that it starts after " +
	"bpftest.Kernel. Goroutines of a pool that was there before, of timers (time.AfterFunc) and with profiler labels of their own (pprof.Do) may only " +
	"use maps, programs and links that a test has made: start them otherwise, call bpftest.Kernel in all parallel tests, or take t.Parallel out"

// strays are the calls that nobody has answered.
func (h *host) strays(m *machine) []string {
	h.tenants.mu.Lock()
	defer h.tenants.mu.Unlock()
	return slices.Clone(m.strays)
}

// directory is where the bpffs of a kernel is.
func (h *host) directory(m *machine) string { return filepath.Clean(h.bpffs + m.below) }
