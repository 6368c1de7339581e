package intercept_test

import (
	"context"
	"fmt"

	"github.com/bpfsim/bpfsim/intercept"
	"github.com/bpfsim/bpfsim/syscall"
)

func ExampleRun() {
	code, err := intercept.Run(context.Background(), intercept.Options{
		Kernel: bpfsys.NewKernel(bpfsys.Options{CPUs: 1}),
		Args:   []string{"sh", "-c", "echo maps without a kernel; exit 3"},
		Caps:   bpfsys.Root,
	})
	fmt.Println(code, err)
	// Output:
	// maps without a kernel
	// 3 <nil>
}
