package maps

import "github.com/bpfsim/bpfsim/abi"

// progArray is PROG_ARRAY (arraymap.c): as an array of cgroups, but that user space reads the ids of the programs in it.
type progArray struct{ cgroupArray }

func newProgArray(spec Spec) *progArray { return &progArray{cgroupArray{newReferences(spec)}} }

// Lookup copies the id of a program.
func (a *progArray) Lookup(t *Task, key, value []byte) abi.Errno { return a.show(t, key, value) }
