package kernel

import (
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/bpfsim/bpfsim/model"
	"github.com/bpfsim/bpfsim/proptest/program"
)

// userMemory is an arena at its real addresses: a memfd that is mapped page by page with the arena's protection, and
// once more as a whole at an address that Go chose, through which this process sees and fills it.
type userMemory struct {
	arena  *program.Arena
	alias  []byte
	extra  []byte
	placed [][2]uint64 // address and length of what is mapped at addresses of our choice
}

// extend gives the program size bytes of memory beside the arena.
func (u *userMemory) extend(size int) error {
	if size == len(u.extra) {
		return nil
	}
	if len(u.extra) > 0 {
		u.arena.Extend(nil)
		_ = unmap(program.ExtraBase, uint64(len(u.extra)))
		_ = unix.Munmap(u.extra)
		u.extra = nil
	}
	if size == 0 {
		return nil
	}
	file, err := unix.MemfdCreate("bpfsim-extra", unix.MFD_CLOEXEC)
	if err != nil {
		return fmt.Errorf("make memory beside the arena: %w", err)
	}
	defer unix.Close(file)
	if err := unix.Ftruncate(file, int64(size)); err != nil {
		return fmt.Errorf("size memory beside the arena: %w", err)
	}
	extra, err := unix.Mmap(file, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return fmt.Errorf("map memory beside the arena: %w", err)
	}
	if err := mapAt(program.ExtraBase, uint64(size), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED, file, 0); err != nil {
		_ = unix.Munmap(extra)
		return err
	}
	u.extra = extra
	u.arena.Extend(extra)
	return nil
}

// The scratch memory is the runner's own, for calls that a program did not make. It lies far from all that Go, libraries
// and the race detector map.
const (
	scratchBase = 0x1000_0000_0000
	scratchSize = 16 << 20
)

// guard is the number of bytes around the arena that are kept unmapped.
const guard = 1 << 20

func openUserMemory() (*userMemory, error) {
	file, err := unix.MemfdCreate("bpfsim-arena", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("make the arena: %w", err)
	}
	defer unix.Close(file)
	if err := unix.Ftruncate(file, program.ArenaSize+scratchSize); err != nil {
		return nil, fmt.Errorf("size the arena: %w", err)
	}
	alias, err := unix.Mmap(file, 0, program.ArenaSize+scratchSize, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("map the arena: %w", err)
	}
	u := &userMemory{arena: program.NewArenaOn(alias[:program.ArenaSize:program.ArenaSize]), alias: alias}
	u.arena.Unseen = true
	if err := u.place(file); err != nil {
		u.close()
		return nil, err
	}
	return u, nil
}

// place maps the arena and the scratch memory at their addresses.
func (u *userMemory) place(file int) error {
	if err := u.mapAt(program.Base-guard, 2*guard+program.ArenaSize, unix.PROT_NONE, unix.MAP_PRIVATE|unix.MAP_ANON, -1, 0); err != nil {
		return err
	}
	for _, r := range u.arena.Regions() {
		if err := u.placeRegion(file, r); err != nil {
			return err
		}
	}
	return u.mapAt(scratchBase, scratchSize, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED, file, program.ArenaSize)
}

// mapAt is mapAt of what close is to unmap.
func (u *userMemory) mapAt(addr, length uint64, protection, flags, file int, offset int64) error {
	if err := mapAt(addr, length, protection, flags, file, offset); err != nil {
		return err
	}
	u.placed = append(u.placed, [2]uint64{addr, length})
	return nil
}

func (u *userMemory) placeRegion(file int, r model.Region) error {
	length, offset := uint64(len(r.Bytes)), r.Addr-program.Base
	if err := unmap(r.Addr, length); err != nil {
		return err
	}
	protection := unix.PROT_READ | unix.PROT_WRITE
	if r.ReadOnly {
		protection = unix.PROT_READ
	}
	return mapAt(r.Addr, length, protection, unix.MAP_SHARED, file, int64(offset))
}

// mapAt is mmap at exactly addr, where nothing may be mapped yet.
func mapAt(addr, length uint64, protection, flags, file int, offset int64) error {
	_, _, errno := unix.Syscall6(unix.SYS_MMAP, uintptr(addr), uintptr(length), uintptr(protection),
		uintptr(flags|unix.MAP_FIXED_NOREPLACE), uintptr(file), uintptr(offset))
	if errno != 0 {
		return fmt.Errorf("map %#x: %w", addr, errno)
	}
	return nil
}

func unmap(addr, length uint64) error {
	if _, _, errno := unix.Syscall(unix.SYS_MUNMAP, uintptr(addr), uintptr(length), 0); errno != 0 {
		return fmt.Errorf("unmap %#x: %w", addr, errno)
	}
	return nil
}

// close frees what is mapped. What stood in the way is not ours.
func (u *userMemory) close() {
	for _, p := range u.placed {
		_ = unmap(p[0], p[1])
	}
	_ = u.extend(0)
	_ = unix.Munmap(u.alias)
}

// scratch is the first n bytes at scratchBase, zeroed.
func (u *userMemory) scratch(n int) []byte {
	s := u.alias[program.ArenaSize:][:n]
	clear(s)
	return s
}
