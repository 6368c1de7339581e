package conform_test

import (
	"context"
	"fmt"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/conform"
)

// In a test of your own, conform.Test(t, func() conform.Maps { return yourMock }) says all of this as errors of the test.
func ExampleRun() {
	mock := conform.OnMaps(func() conform.Maps { return toy{fault: "never full"} })
	report, err := conform.Run(context.Background(), mock, conform.Options{Types: []abi.MapType{abi.Hash}, Programs: -1})
	for _, b := range report.Broken {
		if b.Name == "MAP_UPDATE_ELEM/full-keeps" {
			fmt.Print(b)
		}
	}
	fmt.Println(err)
	// Output:
	// broken: MAP_UPDATE_ELEM/full-keeps (HASH)
	//   A full map that refuses a key keeps what it has.
	//   but: want E2BIG, got OK
	//     create m hash max_entries=2
	//     update m 1 10
	//     update m 2 20
	//     update m 3 30 -> E2BIG
	// <nil>
}
