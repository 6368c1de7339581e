package kernel

import (
	"runtime"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/btf"
	"github.com/bpfsim/bpfsim/proptest/program"
)

// noteTyped notes a map that was made with types.
func (k *Linux) noteTyped(c program.Call) {
	arena := k.user.arena
	if arena.Field(c, abi.CreateBTFKeyTypeID, 4) != 0 || arena.Field(c, abi.CreateBTFValueTypeID, 4) != 0 {
		k.typed = append(k.typed, k.ids.real[len(k.ids.real)-1])
	}
}

// settleBTF waits until the BTF is gone of maps that are: Linux frees them in the background, those that were in another map
// after a while, where bpfsim does at once.
func (k *Linux) settleBTF() {
	alive := slices.DeleteFunc(k.typed, k.gone)
	freed := len(alive) < len(k.typed)
	if k.typed = alive; freed {
		k.flushTyped()
	}
}

// flushTyped frees a map with BTF that was in another one, and waits until the BTF is gone.
func (k *Linux) flushTyped() {
	var b btf.Builder
	number := b.Int("int", 4)
	data := b.Bytes()
	attr := k.user.scratch(64 + len(data))
	copy(attr[64:], data)
	program.PutWord(attr[abi.BTFLoadData:][:8], scratchBase+64)
	program.PutWord(attr[abi.BTFLoadSize:][:4], uint64(len(data)))
	types, errno := bpf(abi.BTFLoad, scratchBase, 40)
	if errno != abi.OK {
		panic(errno) // the program has loaded BTF
	}
	last := k.idOfBTF(types)
	k.freeInner(k.makeTyped(abi.Array, 0, types, number))
	unix.Close(types)
	for !k.goneBTF(last) {
		runtime.Gosched()
	}
}

func (k *Linux) idOfBTF(fd int) uint32 {
	const info = 64
	attr := k.user.scratch(info + abi.BTFInfoSize)
	program.PutWord(attr[abi.InfoBPFFD:][:4], uint64(fd))
	program.PutWord(attr[abi.InfoLen:][:4], 16)
	program.PutWord(attr[abi.InfoPtr:][:8], scratchBase+info)
	if _, errno := bpf(abi.ObjGetInfoByFD, scratchBase, 16); errno != abi.OK {
		panic(errno) // it was loaded a moment ago
	}
	return uint32(program.Word(attr[info+abi.BTFInfoID:][:4]))
}

func (k *Linux) goneBTF(id uint32) bool {
	return k.goneID(abi.BTFGetFDByID, id)
}
