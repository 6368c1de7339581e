// Command guest shows what a guest's command sees and ends as its arguments say.
package main

import (
	"fmt"
	"os"
	"strings"
	"syscall"

	"github.com/bpfsim/bpfsim/vm"
)

func main() {
	vm.Init()
	switch os.Args[1] {
	case "show":
		show(os.Args[2:])
		os.Exit(7)
	case "kill":
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	case "panic":
		panic("the command crashed")
	case "crash-kernel":
		_ = os.WriteFile("/proc/sysrq-trigger", []byte("c"), 0)
	}
}

// show prints every byte that there is, and the machine.
func show(args []string) {
	for b := range 256 {
		os.Stdout.Write([]byte{byte(b)})
	}
	cpus, _ := os.ReadFile("/sys/devices/system/cpu/possible")
	var fs syscall.Statfs_t
	_ = syscall.Statfs("/sys/fs/bpf", &fs)
	fmt.Printf("args %q uid %d CPUs %s ", args, os.Getuid(), strings.TrimSpace(string(cpus)))
	fmt.Fprintf(os.Stderr, "bpffs %x\n", fs.Type)
}
