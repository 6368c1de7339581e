package kerneltest_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/proptest/kernel"
	"github.com/bpfsim/bpfsim/proptest/kernel/kerneltest"
)

func ExampleNeed() {
	_ = func(t *testing.T) {
		kerneltest.Need(t, kernel.Available())
		// From here on the test may compare with Linux.
	}
}

// recorder is a test that only notes how it ended.
type recorder struct {
	testing.TB
	skipped, failed string
}

func (r *recorder) Helper()                           {}
func (r *recorder) Name() string                      { return "TestRecorded" }
func (r *recorder) Skipf(format string, args ...any)  { r.skipped = fmt.Sprintf(format, args...) }
func (r *recorder) Fatalf(format string, args ...any) { r.failed = fmt.Sprintf(format, args...) }

func TestNeed(t *testing.T) {
	t.Setenv("BPFSIM_REQUIRE_KERNEL", "")
	r := new(recorder)
	kerneltest.Need(r, nil)
	require.Equal(t, recorder{}, *r)
	kerneltest.Need(r, errors.New("not today"))
	require.Equal(t, recorder{skipped: "not compared with the running kernel: not today"}, *r)
}

func TestNeedWhereItMustBe(t *testing.T) {
	t.Setenv("BPFSIM_REQUIRE_KERNEL", "1")
	r := new(recorder)
	kerneltest.Need(r, errors.New("not today"))
	require.Equal(t, recorder{failed: "no comparison with the running kernel: not today"}, *r)
}
