package model

import (
	"math"
	"slices"

	"github.com/bpfsim/bpfsim/abi"
)

// records are what describes a program with the types of its BTF (check_btf_info in kernel/bpf/verifier.c): where they lie, how many, and
// how long each is, in bytes and as this kernel knows it. They are fields of attr.
type records struct{ list, count, size, known int }

var (
	funcRecords = records{80, abi.ProgLoadFuncInfoCnt, 76, 8}
	lineRecords = records{96, abi.ProgLoadLineInfoCnt, 92, 16}
	reloRecords = records{128, abi.ProgLoadCoreReloCnt, 136, 16}
)

// each reads the records and has them checked, one after the other. Of one that is longer than the kernel knows the rest must be zero;
// where it is not, the loader is told what the kernel knows.
func (x *run) each(r records, check func(i int, record []byte) abi.Errno) ([]byte, abi.Errno) {
	const longest = 252
	size, known := x.u32(r.size), uint32(r.known)
	if size < known || size > longest || size%4 != 0 {
		return nil, abi.EINVAL
	}
	var all []byte
	for i := range int(x.u32(r.count)) {
		at := x.u64(r.list) + uint64(i)*uint64(size)
		if errno := x.tailZero(at+uint64(known), size-known); errno != abi.OK {
			if errno == abi.E2BIG && !x.user.put(x.call.Attr+uint64(r.size), known) {
				return nil, abi.EFAULT
			}
			return nil, errno
		}
		record, ok := x.user.read(at, r.known)
		if !ok {
			return nil, abi.EFAULT
		}
		record = slices.Clone(record)
		if errno := check(i, record); errno != abi.OK {
			return nil, errno
		}
		all = append(all, record...)
	}
	return all, abi.OK
}

// checkRecords is what a program's types, functions and lines must be.
func (x *run) checkRecords(p *prog) abi.Errno {
	if x.u32(abi.ProgLoadFuncInfoCnt) == 0 && x.u32(abi.ProgLoadLineInfoCnt) == 0 {
		return abi.OK
	}
	f, open := x.state.files.get(int32(x.u32(abi.ProgLoadBTFFD)))
	switch {
	case !open:
		return abi.EBADF
	case f.serial == 0 || x.state.object(f.serial).btf == nil:
		return abi.EINVAL
	}
	p.types = f.serial
	known := x.state.object(f.serial).btf.types
	for _, check := range []func(*run, *prog, *types) abi.Errno{(*run).checkFuncs, (*run).checkLines, (*run).checkRelos} {
		if errno := check(x, p, known); errno != abi.OK {
			return errno
		}
	}
	return abi.OK
}

// checkFuncs: the first record is of the first instruction, those behind it of later ones, each has the type of a function, and there is one
// for each function.
func (x *run) checkFuncs(p *prog, t *types) (errno abi.Errno) {
	if x.u32(funcRecords.count) == 0 {
		return abi.OK
	}
	starts := p.starts()
	last := uint32(0)
	p.funcs, errno = x.each(funcRecords, func(i int, record []byte) abi.Errno {
		at := u32(record)
		if (i == 0) != (at == 0) || i > 0 && at <= last || !t.isFunc(u32(record[4:])) {
			return abi.EINVAL
		}
		last = at
		return abi.OK
	})
	if errno != abi.OK {
		return errno
	}
	for i, start := range starts {
		if len(p.funcs) != 8*len(starts) || u32(p.funcs[8*i:]) != uint32(start) {
			return abi.EINVAL
		}
	}
	return abi.OK
}

// isFunc reports whether a number is that of a function.
func (t *types) isFunc(id uint32) bool {
	found := t.at(id)
	return found.kind == kindFunc && t.at(found.ref).kind == kindFuncProto
}

// checkLines: lines are of later and later instructions, none of a second slot, have names that are there, and each function begins with
// one.
func (x *run) checkLines(p *prog, t *types) (errno abi.Errno) {
	count := x.u32(lineRecords.count)
	if count == 0 {
		return abi.OK
	}
	if count > math.MaxInt32/16 {
		return abi.EINVAL
	}
	starts, last := p.starts(), uint32(0)
	p.lines, errno = x.each(lineRecords, func(i int, record []byte) abi.Errno {
		at, file, line := u32(record), u32(record[4:]), u32(record[8:])
		if i > 0 && at <= last || uint64(at) >= uint64(len(p.code)/insnSize) || p.code[at*insnSize] == 0 ||
			int64(file) >= int64(len(t.strings)) || int64(line) >= int64(len(t.strings)) {
			return abi.EINVAL
		}
		if len(starts) > 0 && int(at) > starts[0] {
			return abi.EINVAL
		}
		if len(starts) > 0 && int(at) == starts[0] {
			starts = starts[1:]
		}
		last = at
		return abi.OK
	})
	if errno == abi.OK && len(starts) > 0 {
		return abi.EINVAL
	}
	return errno
}

// checkRelos: the first relocation here is of no instruction of the program.
func (x *run) checkRelos(p *prog, _ *types) abi.Errno {
	count := x.u32(reloRecords.count)
	if count == 0 {
		return abi.OK
	}
	if count > math.MaxInt32/16 {
		return abi.EINVAL
	}
	_, errno := x.each(reloRecords, func(_ int, record []byte) abi.Errno { return abi.EINVAL })
	return errno
}
