package semantics_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/kernel"
	"github.com/bpfsim/bpfsim/proptest/program"
	"github.com/bpfsim/bpfsim/semantics"
)

// deviant is bpfsim with a fault: it makes each call in its own way.
type deviant struct {
	*kernel.Sim
	bpf func(d *deviant, cpu int, c program.Call) kernel.Outcome
}

func (d *deviant) Bpf(cpu int, c program.Call, _ func(int)) kernel.Outcome { return d.bpf(d, cpu, c) }

func (d *deviant) right(cpu int, c program.Call) kernel.Outcome { return d.Sim.Bpf(cpu, c, nil) }

// field is a field of attr in memory, nil where attr is not there.
func (d *deviant) field(c program.Call, name string) []byte {
	f, known := abi.FieldOf(c.Cmd, name)
	b := d.Arena().Span(c.Attr, int(min(c.Size, abi.AttrSize)), program.ToPoke)
	if !known || f.End() > len(b) {
		return nil
	}
	return b[f.Offset:f.End()]
}

// answering gives errno in the place of another one.
func answering(cmd abi.Cmd, right, wrong abi.Errno) func(*deviant, int, program.Call) kernel.Outcome {
	return func(d *deviant, cpu int, c program.Call) kernel.Outcome {
		o := d.right(cpu, c)
		if c.Cmd == cmd && o.Errno == right {
			return kernel.Outcome{Errno: wrong}
		}
		return o
	}
}

// without does nothing instead of a command, where that would succeed.
func without(cmd abi.Cmd) func(*deviant, int, program.Call) kernel.Outcome {
	return func(d *deviant, cpu int, c program.Call) kernel.Outcome {
		if c.Cmd == cmd && c.Size == uint32(abi.FieldsEnd(cmd)) {
			return kernel.Outcome{}
		}
		return d.right(cpu, c)
	}
}

// ignoring makes a command without some bits of a field.
func ignoring(cmd abi.Cmd, field string, bits uint64) func(*deviant, int, program.Call) kernel.Outcome {
	return func(d *deviant, cpu int, c program.Call) kernel.Outcome {
		b := d.field(c, field)
		if c.Cmd != cmd || b == nil {
			return d.right(cpu, c)
		}
		given := program.Word(b)
		program.PutWord(b, given&^bits)
		defer program.PutWord(b, given)
		return d.right(cpu, c)
	}
}

// spilling writes a byte at an offset from what a field points to, after a call that ended with errno.
func spilling(cmd abi.Cmd, errno abi.Errno, field string, offset uint64) func(*deviant, int, program.Call) kernel.Outcome {
	return func(d *deviant, cpu int, c program.Call) kernel.Outcome {
		o := d.right(cpu, c)
		if b := d.field(c, field); c.Cmd == cmd && o.Errno == errno && b != nil {
			d.Arena().Poke(program.Word(b)+offset, []byte{0x55})
		}
		return o
	}
}

// counting adds to the count of a batch afterwards.
func counting(cmd abi.Cmd, more int) func(*deviant, int, program.Call) kernel.Outcome {
	return func(d *deviant, cpu int, c program.Call) kernel.Outcome {
		o := d.right(cpu, c)
		if b := d.field(c, "count"); c.Cmd == cmd && b != nil {
			program.PutWord(b, program.Word(b)+uint64(more))
		}
		return o
	}
}

var deviations = map[string]struct {
	bpf func(*deviant, int, program.Call) kernel.Outcome
	by  string // a statement that must find it
}{
	"NOEXIST is ignored":                   {ignoring(abi.MapUpdateElem, "flags", abi.NoExist), "MAP_UPDATE_ELEM/noexist-keeps/HASH"},
	"EXIST is ignored":                     {ignoring(abi.MapUpdateElem, "flags", abi.Exist), "MAP_UPDATE_ELEM/exist-absent-inserts-nothing/LPM_TRIE"},
	"LOCK is ignored":                      {ignoring(abi.MapLookupElem, "flags", abi.Lock), "MAP_LOOKUP_ELEM/no-lock/HASH"},
	"all flags of a batch are ignored":     {ignoring(abi.MapLookupBatch, "flags", ^uint64(0)), "MAP_LOOKUP_BATCH/flags/HASH"},
	"read-only fds can write":              {ignoring(abi.MapGetFDByID, "open_flags", uint64(abi.FlagReadOnly)), "MAP_UPDATE_ELEM/read-only/ARRAY"},
	"names are not looked at":              {ignoring(abi.MapCreate, "map_name", 0xff00), "MAP_CREATE/name/QUEUE"},
	"a full hash takes more":               {answering(abi.MapUpdateElem, abi.E2BIG, abi.OK), "MAP_UPDATE_ELEM/full/HASH"},
	"a full trie is E2BIG":                 {answering(abi.MapUpdateElem, abi.ENOSPC, abi.E2BIG), "MAP_UPDATE_ELEM/full/LPM_TRIE"},
	"FREEZE does nothing":                  {without(abi.MapFreeze), "MAP_FREEZE/stays/HASH"},
	"DELETE does nothing":                  {without(abi.MapDeleteElem), "MAP_DELETE_ELEM/removes/LRU_HASH"},
	"a batch deletes nothing":              {without(abi.MapDeleteBatch), "MAP_DELETE_BATCH/deletes/HASH"},
	"a lookup writes a byte too many":      {spilling(abi.MapLookupElem, abi.OK, "value", 8), "MAP_LOOKUP_ELEM/present/HASH"},
	"a failed lookup writes":               {spilling(abi.MapLookupElem, abi.ENOENT, "value", 0), "MAP_LOOKUP_ELEM/absent/HASH"},
	"a failed search of a key writes":      {spilling(abi.MapGetNextKey, abi.ENOENT, "next_key", 0), "MAP_GET_NEXT_KEY/end/HASH"},
	"an update writes to its key":          {spilling(abi.MapUpdateElem, abi.OK, "key", 1), "MAP_UPDATE_ELEM/replaces/HASH"},
	"a batch's cursor is one ahead":        {spilling(abi.MapLookupBatch, abi.OK, "out_batch", 0), "MAP_LOOKUP_BATCH/array/ARRAY"},
	"an update batch counts one too many":  {counting(abi.MapUpdateBatch, 1), "MAP_UPDATE_BATCH/puts/HASH"},
	"a lookup batch counts one too few":    {counting(abi.MapLookupBatch, -1), "MAP_LOOKUP_BATCH/all/HASH"},
	"the end of a hash is a success":       {answering(abi.MapLookupBatch, abi.ENOENT, abi.OK), "MAP_LOOKUP_BATCH/exactly/HASH"},
	"a bucket that does not fit is E2BIG":  {answering(abi.MapLookupAndDeleteBatch, abi.ENOSPC, abi.E2BIG), "MAP_LOOKUP_AND_DELETE_BATCH/bucket-does-not-fit/HASH"},
	"info of a closed fd is EBADF":         {answering(abi.ObjGetInfoByFD, abi.EBADFD, abi.EBADF), "OBJ_GET_INFO_BY_FD/closed/ARRAY"},
	"a pinned name can be taken again":     {answering(abi.ObjPin, abi.EEXIST, abi.OK), "OBJ_PIN/exists/HASH"},
	"a dump tells the end with the last":   {answering(abi.MapDump, abi.OK, abi.ENOENT), "MAP_DUMP/all/HASH"},
	"a dump of buckets cuts them":          {ignoring(abi.MapDumpJuly, "flags", abi.DumpBucket), "MAP_DUMP_JULY/bucket-whole/HASH"},
	"a dump that deletes deletes nothing":  {dumpingOnly, "MAP_DUMP_AND_DELETE/takes/HASH"},
	"ids of maps are never found":          {answering(abi.MapGetNextID, abi.OK, abi.ENOENT), "MAP_GET_NEXT_ID/ascending/HASH"},
	"NULL is no key of the first one":      {nullIsEmpty, "MAP_GET_NEXT_KEY/absent-key/HASH"},
	"taking does not remove":               {lookupOnly, "MAP_LOOKUP_AND_DELETE_ELEM/takes/HASH"},
	"pins are opened with every right":     {ignoring(abi.ObjGet, "file_flags", uint64(abi.FlagReadOnly|abi.FlagWriteOnly)), "OBJ_GET/modes/HASH"},
	"a map may be for nobody":              {ignoring(abi.MapCreate, "map_flags", uint64(abi.FlagReadOnly)), "MAP_CREATE/both-modes/HASH"},
	"short attrs are EINVAL":               {shortAttr, "MAP_CREATE/short-attr/HASH"},
	"buckets have another order":           {ignoring(abi.MapCreate, "map_flags", uint64(abi.FlagZeroSeed)), "MAP_GET_NEXT_KEY/buckets/HASH"},
	"a batch has another value":            {spilling(abi.MapLookupBatch, abi.ENOENT, "values", 0), "MAP_LOOKUP_BATCH/all/HASH"},
	"info has another number of entries":   {spilling(abi.ObjGetInfoByFD, abi.OK, "info", abi.MapInfoMaxEntries), "OBJ_GET_INFO_BY_FD/shape/HASH"},
	"bytes behind the fields do not count": {zeroTail, "MAP_DELETE_ELEM/tail/HASH"},
}

func dumpingOnly(d *deviant, cpu int, c program.Call) kernel.Outcome {
	if c.Cmd == abi.MapDumpAndDelete {
		c.Cmd = abi.MapDumpJuly
	}
	return d.right(cpu, c)
}

func lookupOnly(d *deviant, cpu int, c program.Call) kernel.Outcome {
	if c.Cmd == abi.MapLookupAndDeleteElem {
		c.Cmd = abi.MapLookupElem
	}
	return d.right(cpu, c)
}

func nullIsEmpty(d *deviant, cpu int, c program.Call) kernel.Outcome {
	if b := d.field(c, "key"); c.Cmd == abi.MapGetNextKey && b != nil && program.Word(b) == 0 {
		return kernel.Outcome{Errno: abi.EFAULT}
	}
	return d.right(cpu, c)
}

func shortAttr(d *deviant, cpu int, c program.Call) kernel.Outcome {
	if c.Size < uint32(abi.FieldsEnd(c.Cmd)) {
		return kernel.Outcome{Errno: abi.EINVAL}
	}
	return d.right(cpu, c)
}

func zeroTail(d *deviant, cpu int, c program.Call) kernel.Outcome {
	c.Size = min(c.Size, uint32(abi.FieldsEnd(c.Cmd)))
	return d.right(cpu, c)
}

// What would be wrong in an implementation is found, by the statement that says so.
func TestDeviationsAreFound(t *testing.T) {
	statements := map[string]semantics.Statement{}
	for _, s := range all() {
		statements[s.Name] = s
	}
	for name, d := range deviations {
		t.Run(name, func(t *testing.T) {
			s, known := statements[d.by]
			require.True(t, known, d.by)
			failure, err := s.Run(semantics.OnKernel(&deviant{kernel.NewSim(), d.bpf}, cpus))
			require.NoError(t, err)
			require.NotNil(t, failure)
		})
	}
}
