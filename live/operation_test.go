package live

import (
	"fmt"
	"math/rand/v2"

	"github.com/anishathalye/porcupine"

	"github.com/bpfsim/bpfsim/abi"
)

// operation is a call on one element of a map, or on a queue or stack, which have no keys.
type operation struct {
	verb       string
	key, value string
}

// outcome is what a call gave: a value where it asks for one and found it.
type outcome struct {
	value string
	errno abi.Errno
}

// do makes the call.
func (d *caller) do(op operation) outcome {
	flags := map[string]uint64{"insert": abi.NoExist, "replace": abi.Exist, "push over": abi.Exist}
	switch op.verb {
	case "lookup", "peek":
		value, errno := d.lookup(op.key)
		return outcome{value, errno}
	case "take", "pop":
		value, errno := d.take(op.key)
		return outcome{value, errno}
	case "delete":
		return outcome{errno: d.delete(op.key)}
	case "update", "insert", "replace", "push", "push over":
		return outcome{errno: d.update(op.key, op.value, flags[op.verb])}
	}
	panic(fmt.Sprintf("live: no operation %q", op.verb))
}

// recorder is one client of a map and what it saw.
type recorder struct {
	number int // of the client
	do     func(operation) outcome
	clock  *Clock
	random *rand.Rand
	writes uint64
	seen   []porcupine.Operation
}

// draw picks an operation. No value is written twice.
func (r *recorder) draw(s subject) operation {
	r.writes++
	return operation{
		verb:  s.verbs[r.random.IntN(len(s.verbs))],
		key:   s.keys[r.random.IntN(len(s.keys))],
		value: ValueOf(r.writes<<8|uint64(r.number)+1, s.shape.Value),
	}
}

func (r *recorder) record(op operation) {
	call := r.clock.Now()
	got := r.do(op)
	r.seen = append(r.seen, porcupine.Operation{ClientId: r.number, Input: op, Call: call, Output: got, Return: r.clock.Now()})
}
