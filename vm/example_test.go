package vm_test

import (
	"context"
	"fmt"
	"os"

	"github.com/bpfsim/bpfsim/vm"
)

// A command runs itself on another kernel with four CPUs. Its main calls vm.Init first.
func Example() {
	ctx := context.Background()
	kernel, err := vm.FindKernel(ctx, vm.KernelOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	self, err := os.Executable()
	if err != nil {
		fmt.Println(err)
		return
	}
	code, err := vm.Run(ctx, vm.Options{Kernel: kernel, CPUs: 4, Init: self, Args: []string{"version"}, Stdout: os.Stdout})
	fmt.Println(code, err)
}
