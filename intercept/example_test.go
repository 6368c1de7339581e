package intercept_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/bpfsim/bpfsim/intercept"
	"github.com/bpfsim/bpfsim/syscall"
)

// A command that makes no bpf(2) call runs as it would anywhere; one that does needs nothing else either.
func ExampleRun() {
	var out strings.Builder
	code, err := intercept.Run(context.Background(), intercept.Options{
		Kernel: bpfsys.NewKernel(bpfsys.Options{CPUs: 1}),
		Args:   []string{"sh", "-c", "echo maps without a kernel; exit 3"},
		Caps:   bpfsys.Root,
		Stdout: &out,
	})
	fmt.Print(out.String())
	fmt.Println(code, err)
}
