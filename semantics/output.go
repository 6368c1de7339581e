package semantics

import (
	"encoding/binary"
	"slices"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/program"
)

// output is memory that a call may write.
type output struct {
	field string
	addr  uint64
	size  int // bytes
}

// ownMemory points a field to memory of its own, full of canaries, unless the step says what is there.
func (c *Call) ownMemory(field string) {
	size := c.outputSize(field)
	f, _ := abi.FieldOf(c.Cmd, field)
	if _, given := c.Step.get(field); !given {
		c.put(f, program.Base+uint64(places[field].at))
		c.Data[field] = nil
	} else if _, ours := c.Data[field]; !ours {
		return // another address
	}
	if c.Data[field] == nil && !c.refersTo(field) {
		c.bytes.Memory = append(c.bytes.Memory, program.Write{Addr: program.Base + uint64(places[field].at), Bytes: bytesOf(canary, size)})
	}
}

// refersTo reports whether the step uses the memory of a field as it was left by the step before.
func (c *Call) refersTo(field string) bool {
	return slices.ContainsFunc(c.Step.Settings, func(t Setting) bool { return t.Text == "@"+field })
}

// outputSize is how much of a field's memory the call may write, in bytes.
func (c *Call) outputSize(field string) int {
	count := int(min(c.Numbers["count"], program.PageSize))
	size := 0
	switch field {
	case "value":
		size = c.Shape.ValueBytes()
	case "next_key", "prev_key":
		size = c.Shape.KeySize
	case "keys":
		size = count * c.Shape.KeySize
	case "values":
		size = count * c.Shape.ValueBytes()
	case "out_batch":
		size = max(4, c.Shape.KeySize)
	case "buf_len":
		size = 4
	case "buf":
		if room := c.Data["buf_len"]; len(room) == 4 {
			size = int(binary.LittleEndian.Uint32(room))
		}
	case "info":
		size = int(c.Numbers["info_len"])
	}
	return min(size, places[field].room)
}

// findOutputs lists what the call may write: the memory behind fields, and fields of attr itself.
func (c *Call) findOutputs() {
	writes := slices.Clone(verbs[c.Step.Verb].own)
	switch c.Cmd {
	case abi.MapDump, abi.MapDumpJuly, abi.MapDumpAndDelete:
		writes = append(writes, "buf_len", "prev_key")
	case abi.MapLookupBatch, abi.MapLookupAndDeleteBatch, abi.MapUpdateBatch, abi.MapDeleteBatch:
		c.inAttr("count")
	case abi.ObjGetInfoByFD:
		c.inAttr("info_len")
	case abi.MapGetNextID:
		c.inAttr("next_id")
	}
	for _, field := range writes {
		f, _ := abi.FieldOf(c.Cmd, field)
		if f.End() > len(c.bytes.Contents) {
			continue
		}
		if addr := program.Word(c.bytes.Contents[f.Offset:f.End()]); addr != 0 {
			c.outputs = append(c.outputs, output{field, addr, c.outputSize(field)})
		}
	}
}

func (c *Call) inAttr(field string) {
	f, _ := abi.FieldOf(c.Cmd, field)
	c.outputs = append(c.outputs, output{field, c.bytes.Attr + uint64(f.Offset), f.Size})
}
