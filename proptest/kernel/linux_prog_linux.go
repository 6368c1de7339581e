package kernel

import (
	"encoding/binary"
	"runtime"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/program"
)

// Programs on Linux: they are compiled and have a load time, which nobody else has, and what they hold is freed after they are gone.

// Where a program's lists lie in scratch memory behind struct bpf_prog_info.
const (
	progInfoAt = 64
	progMapsAt = progInfoAt + abi.ProgInfoSize
	mostMaps   = 64
	progCodeAt = progMapsAt + 4*mostMaps
	mostCode   = program.ArenaSize
)

// programInfo asks Linux for a program: the struct, the real ids of its maps, and its instructions.
func (k *Linux) programInfo(fd int32) (info, maps, code []byte) {
	attr := k.user.scratch(progCodeAt + mostCode)
	program.PutWord(attr[abi.InfoBPFFD:][:4], uint64(fd))
	program.PutWord(attr[abi.InfoLen:][:4], abi.ProgInfoSize)
	program.PutWord(attr[abi.InfoPtr:][:8], scratchBase+progInfoAt)
	info = attr[progInfoAt:][:abi.ProgInfoSize]
	program.PutWord(info[abi.ProgInfoNrMapIDs:][:4], mostMaps)
	program.PutWord(info[abi.ProgInfoMapIDs:][:8], scratchBase+progMapsAt)
	program.PutWord(info[abi.ProgInfoXlatedLen:][:4], mostCode)
	program.PutWord(info[abi.ProgInfoXlated:][:8], scratchBase+progCodeAt)
	if _, errno := bpf(abi.ObjGetInfoByFD, scratchBase, 16); errno != abi.OK {
		panic(errno) // it is open
	}
	count, size := program.Word(info[abi.ProgInfoNrMapIDs:][:4]), program.Word(info[abi.ProgInfoXlatedLen:][:4])
	return slices.Clone(info), slices.Clone(attr[progMapsAt:][:4*count]), slices.Clone(attr[progCodeAt:][:size])
}

// noteHolder notes a program that was loaded, if it holds anything: named is how much it named in fd_array.
func (k *Linux) noteHolder(fd int32, named uint64) {
	info, maps, _ := k.programInfo(fd)
	if len(maps) > 0 || named > 0 || !program.Zero(info[abi.ProgInfoBTFID:][:4]) {
		k.holders = append(k.holders, k.progs.real[len(k.progs.real)-1])
	}
}

// bindMap notes that a program holds a map now.
func (k *Linux) bindMap(c program.Call) Outcome {
	out := k.plain(c)
	if fd := int32(k.user.arena.Field(c, 0, 4)); out.Errno == abi.OK && k.open[fd] == progFile {
		info, _, _ := k.programInfo(fd)
		k.holders = append(k.holders, uint32(program.Word(info[abi.ProgInfoID:][:4])))
	}
	return out
}

// programFields are the fields of a program that are this machine's own.
func (k *Linux) programFields(fd int32) []ownField {
	info, _, _ := k.programInfo(fd)
	id, btf := uint32(program.Word(info[abi.ProgInfoID:][:4])), uint32(program.Word(info[abi.ProgInfoBTFID:][:4]))
	none := make([]byte, 8)
	fields := []ownField{
		idField(abi.ProgInfoID, id, k.progs.ours[id]),
		{abi.ProgInfoLoadTime, info[abi.ProgInfoLoadTime:][:8], none},
		{abi.ProgInfoJitedLen, info[abi.ProgInfoJitedLen:][:4], none[:4]},
		{abi.ProgInfoNrJitedLineInfo, info[abi.ProgInfoNrJitedLineInfo:][:4], none[:4]},
	}
	if btf != 0 {
		fields = append(fields, idField(abi.ProgInfoBTFID, btf, k.btfs.ours[btf]))
	}
	return append(fields, k.targetFields(info)...)
}

// programLists puts our ids of maps in the place of the real ones in the lists that a call has filled, as given says.
func (k *Linux) programLists(fd int32, given []byte) {
	if k.open[fd] != progFile {
		return
	}
	ask := program.Attr{Bytes: given}
	_, maps, code := k.programInfo(fd)
	list := ask.Field(abi.ProgInfoMapIDs, 8)
	for i := range min(len(maps)/4, int(ask.Field(abi.ProgInfoNrMapIDs, 4))) {
		k.replaceMapID(list+uint64(4*i), maps[4*i:][:4])
	}
	list, room := ask.Field(abi.ProgInfoXlated, 8), int(ask.Field(abi.ProgInfoXlatedLen, 4))
	for at := 0; at < len(code); at += 8 {
		if code[at] == 0x18 && code[at+1]>>4 != 0 && room > at+4 {
			k.replaceMapID(list+uint64(at+4), code[at+4:][:min(4, room-at-4)], code[at+4:][:4]...)
		}
	}
}

// replaceMapID replaces a real id that was written to an address, where it was: of whole, if given, only the beginning.
func (k *Linux) replaceMapID(addr uint64, written []byte, whole ...byte) {
	if len(whole) == 0 {
		whole = written
	}
	b := k.user.arena.Span(addr, len(written), program.ToWrite)
	if ours, ok := k.ids.ours[uint32(program.Word(whole))]; ok && slices.Equal(b, written) {
		copy(b, binary.LittleEndian.AppendUint32(nil, ours))
	}
}

// settlePrograms waits until what programs held is gone with them: Linux frees it after a grace period, in the background. That of
// each CPU is freed in order.
func (k *Linux) settlePrograms() {
	alive := slices.DeleteFunc(k.holders, func(id uint32) bool { return k.goneID(abi.ProgGetFDByID, id) })
	freed := len(alive) < len(k.holders)
	if k.holders = alive; !freed {
		return
	}
	before := k.cpu
	for _, cpu := range k.cpus {
		_ = k.pin(cpu) // one that is usable
		k.flushPrograms()
	}
	_ = k.pin(before)
}

// flushPrograms frees a program that alone holds a map, and waits until that is gone.
func (k *Linux) flushPrograms() {
	held := k.make(abi.Array, 0)
	id := k.idOf(int32(held))
	prog := k.loadHolder(held)
	unix.Close(held)
	unix.Close(prog)
	for !k.gone(id) {
		runtime.Gosched()
	}
}

// loadHolder loads a program that holds a map.
func (k *Linux) loadHolder(held int) (fd int) {
	return k.load(abi.ProgSocketFilter, 0x1118|uint64(held)<<32, 0, 0xb7, 0x95) // R1 is the map, R0 is 0
}

// loadEmpty loads a program that holds nothing.
func (k *Linux) loadEmpty(kind abi.ProgType) (fd int) { return k.load(kind, 0xb7, 0x95) }

// progID is the id of a program that is open.
func (k *Linux) progID(fd int) uint32 {
	info, _, _ := k.programInfo(int32(fd))
	return uint32(program.Word(info[abi.ProgInfoID:][:4]))
}

func (k *Linux) load(kind abi.ProgType, insns ...uint64) (fd int) {
	const code, license = 256, 512
	attr := k.user.scratch(1024)
	for at, insn := range insns {
		program.PutWord(attr[code+8*at:][:8], insn)
	}
	program.PutWord(attr[abi.ProgLoadType:][:4], uint64(kind))
	program.PutWord(attr[abi.ProgLoadInsnCnt:][:4], uint64(len(insns)))
	program.PutWord(attr[abi.ProgLoadInsns:][:8], scratchBase+code)
	program.PutWord(attr[abi.ProgLoadLicense:][:8], scratchBase+license)
	errno := abi.EAGAIN
	for errno == abi.EAGAIN {
		fd, errno = bpf(abi.ProgLoad, scratchBase, 120)
	}
	if errno != abi.OK {
		panic(errno) // the program has loaded such programs
	}
	return fd
}
