package intercept

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/btf"
)

// vmlinuxTypes is where programs read the kernel's own types.
const vmlinuxTypes = "/sys/kernel/btf/vmlinux"

// isVmlinuxTypes tells the file by its path.
func isVmlinuxTypes(name string) bool {
	return strings.HasSuffix(name, path.Base(vmlinuxTypes)) && path.Clean(name) == vmlinuxTypes
}

// HostTypes are the types of the kernel that this runs on, nil where they cannot be read.
func HostTypes() *btf.BTF {
	types, err := KernelTypes(vmlinuxTypes)
	if err != nil {
		return nil
	}
	return types
}

// KernelTypes reads a file of the types of some kernel, as its /sys/kernel/btf/vmlinux is: raw BTF.
func KernelTypes(name string) (*btf.BTF, error) {
	data, err := readTypes(name)
	if err != nil {
		return nil, fmt.Errorf("read BTF: %w", err)
	}
	const room = 64 << 10
	log, _ := btf.NewLog(1, true, room)
	types, errno := btf.Load(data, log)
	if errno != abi.OK {
		return nil, fmt.Errorf("read BTF: %s is no BTF that Linux takes: %v: %s; want raw BTF, such as a kernel's %s or the section .BTF of its vmlinux",
			name, errno, lastLine(log), vmlinuxTypes)
	}
	return types, nil
}

// readTypes reads a regular file: a pipe might never end, and others not begin.
func readTypes(name string) ([]byte, error) {
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s: want a regular file", name)
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, btf.MaxSize+1))
	if err == nil && len(data) > btf.MaxSize {
		err = errors.New("more than the 16 MiB that Linux takes")
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return data, nil
}

// lastLine is what is wrong.
func lastLine(log *btf.Log) string {
	text := strings.TrimSpace(strings.TrimRight(string(log.Text()), "\x00"))
	return text[strings.LastIndexByte(text, '\n')+1:]
}
