package explore

import (
	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/model"
)

// told notes what an operation tells of its key, whether or not it did what it was to.
func (r *Run) told(task Task, op Op, value []byte, errno abi.Errno, start, end int64) {
	effect, known := op.effect(errno)
	if !known {
		return
	}
	o := model.Operation{Start: start, End: end, Key: string(r.Scenario.Map.keyOf(op.Key)), Effect: effect, Value: string(value)}
	if task.Program && r.Scenario.Map.IsPerCPU() {
		o.Offset, o.Size = task.CPU*len(value), r.Scenario.Map.Value
	}
	r.History.Operations = append(r.History.Operations, o)
}

// effects are what operations do that succeed.
var effects = map[string]model.Effect{
	"update": model.Put, "insert": model.Added, "write": model.Overwrote, "delete": model.Removed, "take": model.Took,
}

// effect is what the errno of an operation says of its key. A lookup that finds nothing says nothing: without a lock it
// may miss what is there.
func (o Op) effect(errno abi.Errno) (effect model.Effect, known bool) {
	effect, changes := effects[o.Verb]
	switch {
	case !changes:
		return 0, false
	case errno == abi.OK:
		return effect, true
	case o.Verb == "write":
		return 0, false
	case errno == abi.EEXIST:
		return model.FoundPresent, true
	case errno == abi.ENOENT:
		return model.FoundAbsent, true
	case errno == abi.E2BIG, errno == abi.ENOSPC: // a full map has room for keys that are there
		return model.FoundFull, true
	}
	return 0, false
}
