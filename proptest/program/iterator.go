package program

import "github.com/bpfsim/bpfsim/abi"

// Iterators are what programs iterate over. The kernel's types have a function for each, by whose number it is loaded: in programs its place
// in the list and FirstIterator, whatever number that is on a kernel.
var Iterators = []string{"bpf_map", "bpf_map_elem", "bpf_prog", "bpf_sk_storage_map", "sockmap"}

// FirstIterator is the number of the first of them.
const FirstIterator = 2

// KernelTypes is the id of the BTF that describes the kernel, which is there before any other.
const KernelTypes = 1

// mostTypes is the largest number of a type (BTF_MAX_TYPE).
const mostTypes = 0xfffff

// Iterator is the name of the iterator that a type's number stands for.
func Iterator(number uint64) (name string, ok bool) {
	at := number - FirstIterator
	if at >= uint64(len(Iterators)) {
		return "", false
	}
	return Iterators[at], true
}

// iterator leaves a program of tracing to no other place, and to no type that only some kernels have.
func (t *sanitizer) iterator() {
	number := t.get(abi.ProgLoadAttachBTFID, 4)
	if _, ok := Iterator(number); !ok && number != 0 && number <= mostTypes {
		t.set(abi.ProgLoadAttachBTFID, 4, mostTypes)
	}
	t.set(abi.ProgLoadAttachFD, 4, 0)
}

// openTypes leaves the kernel's types closed: each kernel has its own.
func (t *sanitizer) openTypes() {
	if t.get(abi.IDStart, 4) == KernelTypes {
		t.set(abi.IDStart, 4, 0)
	}
}

// iterated leaves a link to what lies in the arena, and to no map but the program's: an fd of the process is none.
func (t *sanitizer) iterated() {
	at := t.get(abi.LinkIterInfo, 8)
	if !harmless(at) {
		at = Base + at%ArenaSize
		t.set(abi.LinkIterInfo, 8, at)
	}
	if info := t.arena.Span(at, 4, ToRead); len(info) == 4 && !programFD(int32(Word(info))) {
		t.arena.Poke(at, []byte{0, 0, 0, 0})
	}
}
