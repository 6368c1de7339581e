package explore

import (
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/bpfsim/bpfsim/abi"
	bpfsys "github.com/bpfsim/bpfsim/syscall"
)

// outcome is what came of an operation: value is what was written or taken.
type outcome struct {
	Op
	value []byte
	errno abi.Errno
}

// call makes the operations of one call. What comes behind one that fails is not done.
func (c *client) call(ops []Op, number uint64) ([]outcome, abi.Errno) {
	switch {
	case ops[0].Verb == "drain":
		return c.drain(int(ops[0].Key))
	case len(ops) > 1:
		return c.batch(ops, number)
	}
	value, errno := c.do(ops[0], number)
	return []outcome{{ops[0], value, errno}}, errno
}

// batch updates or deletes several keys.
func (c *client) batch(ops []Op, number uint64) ([]outcome, abi.Errno) {
	n := len(ops)
	done, keys, values := make([]outcome, n), []byte(nil), []byte(nil)
	for i, op := range ops {
		done[i].Op = op
		keys = append(keys, c.shape.keyOf(op.Key)...)
		if op.Verb == "update" {
			done[i].value = c.shape.valueOf(number + uint64(i))
			values = append(values, done[i].value...)
		}
	}
	at := c.system.Alloc(n * c.shape.keyBytes())
	c.write(at, keys)
	var args bpfsys.Args = bpfsys.MapDeleteBatch{FD: c.fd, Keys: at, Count: uint32(n)}
	if ops[0].Verb == "update" {
		from := c.system.Alloc(n * c.shape.Value)
		c.write(from, values)
		args = bpfsys.MapUpdateBatch{FD: c.fd, Keys: at, Values: from, Count: uint32(n)}
	}
	_, errno := c.system.Do(args)
	if count := c.count(); count < n {
		done = done[:count+1]
		done[count].errno = errno
	}
	return done, errno
}

// drain takes up to so many records, from the first bucket on.
func (c *client) drain(room int) (taken []outcome, errno abi.Errno) {
	keys, values := c.system.Alloc(room*c.shape.keyBytes()), c.system.Alloc(room*c.shape.Value)
	_, errno = c.system.Do(bpfsys.MapLookupAndDeleteBatch{FD: c.fd, Out: c.next, Keys: keys, Values: values, Count: uint32(room)})
	if errno == abi.OK || errno == abi.ENOENT { // that is the end, and may come with records
		for i := range c.count() {
			key := c.read(keys+uint64(i*c.shape.keyBytes()), c.shape.keyBytes())
			value := c.read(values+uint64(i*c.shape.Value), c.shape.Value)
			taken = append(taken, outcome{Op: Op{Verb: "take", Key: binary.LittleEndian.Uint32(key)}, value: value})
		}
	}
	return taken, errno
}

// count is how many elements the last batch was about.
func (c *client) count() int {
	return int(binary.LittleEndian.Uint32(c.system.Attr()[abi.BatchCount:]))
}

// resultText is what came of a call.
func resultText(ops []Op, done []outcome, errno abi.Errno) string {
	if ops[0].Verb != "drain" || len(done) == 0 {
		return errno.String()
	}
	var words []string
	for _, o := range done {
		words = append(words, fmt.Sprintf("%d=%s", o.Key, valueText(string(o.value))))
	}
	return strings.Join(words, ", ")
}
