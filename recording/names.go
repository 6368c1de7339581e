package recording

import (
	"fmt"
	"sync"

	"github.com/bpfsim/bpfsim/syscall"
)

// names gives each object one that says what it is: map:3 has the id 3. Those without an id of their kind are counted.
type names struct {
	mu     sync.Mutex
	counts map[string]int
	given  map[bpfsys.Object]string
}

// object names an object.
func (n *names) object(o bpfsys.Object) string {
	switch o := o.(type) {
	case *bpfsys.Map:
		return fmt.Sprint("map:", o.ID())
	case *bpfsys.Program:
		return fmt.Sprint("prog:", o.ID())
	case *bpfsys.BTF:
		return fmt.Sprint("btf:", o.ID())
	case *bpfsys.Link:
		return fmt.Sprint("link:", o.ID())
	case *bpfsys.Iter:
		return n.counted("iter", o)
	case *bpfsys.PerfEvent:
		return n.counted("event", o)
	}
	return n.counted("object", o)
}

func (n *names) counted(kind string, o bpfsys.Object) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	if name, ok := n.given[o]; ok {
		return name
	}
	if n.given == nil {
		n.given, n.counts = map[bpfsys.Object]string{}, map[string]int{}
	}
	n.counts[kind]++
	name := fmt.Sprint(kind, ":", n.counts[kind])
	n.given[o] = name
	return name
}

// forget is for an object that is gone.
func (n *names) forget(o bpfsys.Object) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.given, o)
}

// AccessSuffix is what follows the name of an object in that of a file through which not everything may be done.
var AccessSuffix = map[bpfsys.Access]string{bpfsys.ReadWrite: "", bpfsys.ReadOnly: ":r", bpfsys.WriteOnly: ":w"}

// file names an open file.
func (n *names) file(f *bpfsys.File) string { return n.object(f.Object()) + AccessSuffix[f.Access()] }
