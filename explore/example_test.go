package explore_test

import (
	"fmt"

	"github.com/bpfsim/bpfsim/explore"
	"github.com/bpfsim/bpfsim/sim"
)

// An update moves its key to the front of the bucket, behind the back of a walk that has passed there.
func Example() {
	scenario, err := explore.Parse(`
map hash entries=8 value=8
keys 1 30
walk next+lookup room=1 cpu=0
task other cpu=1: update 1
contract stable-coverage
`)
	if err != nil {
		panic(err)
	}
	result, err := explore.Explore(scenario, sim.NewDFS(1))
	if err != nil {
		panic(err)
	}
	for _, done := range result.Broken.Done {
		fmt.Println(done.Task, done.Text)
	}
	// Output:
	// walker next+lookup -> 30=2
	// other update 1 = OK
	// walker next+lookup -> nothing, the end
}
