package prefetch_test

import (
	"fmt"

	"github.com/bpfsim/bpfsim/internal/prefetch"
)

// Memory is asked for some records before they are read.
func ExampleLines() {
	const width, ahead = 256, 12
	records, sum := make([]byte, 100*width), 0
	for at := 0; at < len(records); at += width {
		if next := at + ahead*width; next < len(records) {
			prefetch.Lines(records[next : next+width])
		}
		sum += int(records[at]) + 1
	}
	fmt.Println(sum)
	// Output: 100
}
