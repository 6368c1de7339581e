package bpftest

import (
	"fmt"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
)

// libraries are whose functions are not where something was made, but how.
var libraries = []string{
	"github.com/cilium/ebpf.", "github.com/cilium/ebpf/", "github.com/bpfsim/bpfsim/bpftest.", "github.com/bpfsim/bpfsim/intercept.",
	"github.com/bpfsim/bpfsim/syscall.", "golang.org/x/sys/unix.", "syscall.", "internal/", "runtime.", "sync.", "testing.", "reflect.",
}

// deepest is how many callers are kept.
const deepest = 48

// madeAt is where something was made, ", made at FILE:LINE", of the stack of the call that made it; "" where the stack does not say.
func madeAt(stack []uintptr) string {
	if place := callerIn(stack); place != "" {
		return ", made at " + place + ","
	}
	return ""
}

// callerIn is the line of a stack that has called a library; "" where there is none.
func callerIn(stack []uintptr) string {
	frames := runtime.CallersFrames(stack)
	for more := len(stack) > 0; more; {
		var f runtime.Frame
		f, more = frames.Next()
		if f.Function != "" && !isLibrary(f) {
			return fmt.Sprintf("%s:%d", f.File, f.Line)
		}
	}
	return ""
}

func isLibrary(f runtime.Frame) bool {
	for _, name := range libraries {
		if strings.HasPrefix(f.Function, name) {
			return true
		}
	}
	file := filepath.Base(f.File) // bpf2go's, too
	return strings.HasSuffix(file, "_bpfel.go") || strings.HasSuffix(file, "_bpfeb.go")
}

// codeAddress tells where a program's code lies.
func codeAddress() uint64 { return uint64(reflect.ValueOf(codeAddress).Pointer()) }
