package early_test

import "github.com/bpfsim/bpfsim/bpftest/early"

func ExampleLeave() {
	early.Leave() // bpftest.Main begins so, before it starts the tests behind a filter
	// Output:
}
