package early_test

import (
	"testing"

	"github.com/bpfsim/bpfsim/bpftest"
	_ "github.com/bpfsim/bpfsim/bpftest/early" // for calls that come before Main
)

func Example() {
	// In a package's tests, beside the import: func TestMain(m *testing.M) { bpftest.Main(m) }
	_ = func(m *testing.M) { bpftest.Main(m) }
}
