package bubble_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/bpfsim/bpfsim/internal/bubble"
	"github.com/bpfsim/bpfsim/sim"
)

// Two goroutines take two steps each; every order is run.
func Example() {
	_ = func(t *testing.T) {
		s := bubble.Begin()
		defer s.End()
		for dfs := sim.NewDFS(sim.Unbounded); dfs.Next(); {
			out := s.Run(t, bubble.Options{Chooser: dfs}, func(r *bubble.Run) {
				r.Go("other", func() { r.Step("look"); r.Step("leap") })
				time.Sleep(time.Hour) // which takes no time
				r.Step("look")
				r.Step("leap")
			})
			fmt.Println(out.Trace, out.Err)
		}
	}
}
