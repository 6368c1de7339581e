package kernel

import "encoding/binary"

// ids translates between the ids that Linux gave a program's maps, or its BTF, and the numbers 1, 2, 3... in the order of their
// creation, which are the ids on a fresh kernel. Maps of other processes do not exist for a program.
type ids struct {
	real []uint32
	ours map[uint32]uint32 // real to ours
}

func (t *ids) add(id uint32) {
	if t.ours == nil {
		t.ours = map[uint32]uint32{}
	}
	t.real = append(t.real, id)
	t.ours[id] = uint32(len(t.real))
}

// absent is an id that Linux never gives (ids are positive ints).
const absent = 1 << 31

// toReal is the real id for one of ours; 0 and what was never given are no ids there either.
func (t *ids) toReal(id uint32) uint32 {
	switch {
	case id == 0:
		return 0
	case id > uint32(len(t.real)):
		return absent
	}
	return t.real[id-1]
}

// ownField is a field in the struct of OBJ_GET_INFO_BY_FD that is this machine's own, as an id is, and what takes its place.
type ownField struct {
	offset     int
	real, ours []byte
}

func idField(offset int, real, ours uint32) ownField {
	return ownField{offset, binary.LittleEndian.AppendUint32(nil, real), binary.LittleEndian.AppendUint32(nil, ours)}
}
