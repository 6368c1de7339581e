package replay

import (
	"bytes"
	"slices"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/program"
	"github.com/bpfsim/bpfsim/recording"
)

// nameOffsets are where the info of maps and programs has their names.
var nameOffsets = []int{abi.MapInfoName, abi.ProgInfoName}

// info masks names that an earlier call has left where this one writes: the kernel reads an info before it fills it.
func (m *masking) info(c *recording.Call, attr program.Attr) {
	f, _ := abi.FieldOf(c.Cmd, "info")
	b := inputAt(c, attr.Field(f.Offset, f.Size))
	for _, at := range nameOffsets {
		name := b[min(at, len(b)):min(at+abi.NameLen, len(b))]
		if text, _, _ := bytes.Cut(name, []byte{0}); m.names[string(text)] {
			m.inPlace(name)
		}
	}
}

// compatible are the licenses that the kernel tells from others (license_is_gpl_compatible in include/linux/license.h).
var compatible = []string{"GPL", "GPL v2", "GPL and additional rights", "Dual BSD/GPL", "Dual MIT/GPL", "Dual MPL/GPL"}

// license masks that of a program, which may name who owns it.
func (m *masking) license(c *recording.Call, attr program.Attr) {
	f, _ := abi.FieldOf(c.Cmd, "license")
	b := inputAt(c, attr.Field(f.Offset, f.Size))
	if text, _, _ := bytes.Cut(b, []byte{0}); !slices.Contains(compatible, string(text)) {
		m.inPlace(b)
	}
}

// longestPath is PATH_MAX.
const longestPath = 4096

// pathOf finds the path about which a question was asked, in what the call read; nil where it is not there.
func pathOf(c *recording.Call, question string) []byte {
	for _, w := range c.Memory {
		for rest := w.Bytes; len(rest) > 0; {
			end := bytes.IndexByte(rest, 0)
			if end < 0 {
				end = len(rest) - 1 // the last byte may be its end
			}
			for at := max(0, end-longestPath); at < end; at++ { // other memory may lie before it
				if recording.Question("executable", string(rest[at:end])) == question {
					return rest[at:]
				}
			}
			rest = rest[end+1:]
		}
	}
	return nil
}
