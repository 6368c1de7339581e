package conform

import (
	"context"

	"github.com/bpfsim/bpfsim/semantics"
)

// TB is what Test needs of *testing.T.
type TB interface {
	Helper()
	Context() context.Context
	Errorf(format string, args ...any)
	Logf(format string, args ...any)
}

// Test runs the suite on a project's own maps and reports each statement that is broken as an error of t, with the smallest program that
// shows it. What the maps do not have (interfaces, types, flags that Create refuses with ErrUnsupported) is left out.
func Test(t TB, fresh func() Maps) *Report {
	t.Helper()
	return test(t, fresh, Options{})
}

// TestConcurrent is Test for maps that may be called by several goroutines at once, which it does, too.
func TestConcurrent(t TB, fresh func() Maps) *Report {
	t.Helper()
	return test(t, fresh, Options{Concurrent: true})
}

func test(t TB, fresh func() Maps, o Options) *Report {
	t.Helper()
	report, err := Run(t.Context(), OnMaps(fresh), o)
	for _, b := range report.Broken {
		t.Errorf("%s", b)
	}
	if err != nil {
		t.Errorf("conform: %v", err)
	}
	total := report.Total()
	if total.Asked == 0 {
		t.Errorf("conform: nothing could be asked of %s", report.Name)
	}
	t.Logf("%s: %s", report.Name, &total)
	return report
}

// OnMaps is a Go type as an implementation. fresh gives it without maps.
func OnMaps(fresh func() Maps) semantics.Implementation { return &mock{fresh: fresh} }
