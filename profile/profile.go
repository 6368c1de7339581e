package profile

import (
	"fmt"
	"slices"
	"sync"

	"github.com/bpfsim/bpfsim/abi"
)

// Profile is what a kernel has and how large it is. Nobody changes one that Of has given.
type Profile struct {
	Release abi.Release
	// LacksCommand and LacksType are what the kernel does not know.
	LacksCommand map[abi.Cmd]bool
	LacksType    map[abi.MapType]bool
	// AttrSize is sizeof(union bpf_attr), in bytes.
	AttrSize uint32
	// Ends are the ends of the last fields of commands, in bytes; of those that are not here abi tells.
	Ends map[abi.Cmd]int
	// MapInfo and MapInfoEnd are sizeof(struct bpf_map_info) and the end of its last field, in bytes.
	MapInfo, MapInfoEnd uint32
	// ReadsMapInfo is that struct bpf_map_info is read before it is filled.
	ReadsMapInfo bool
	// NoLogTrueSize is that the size of a log is not told, NoPathFD that paths are not relative to an fd.
	NoLogTrueSize, NoPathFD bool
	// MemlockByShape is that memlock in fdinfo follows from max_entries and the sizes of key and value alone.
	MemlockByShape bool
	// AsksCapFirst is that MapCreate and ProgLoad ask for CAP_BPF before they read attr, AsksNetAdminFirst that types of the network ask for
	// CAP_NET_ADMIN before their sizes are looked at.
	AsksCapFirst, AsksNetAdminFirst bool
	// FreezesByCap is that a map is frozen by CAP_BPF and not by an fd that may write.
	FreezesByCap bool
	// LockRefusal is what maps answer whose values may have no spin lock; abi.OK is EOPNOTSUPP.
	LockRefusal abi.Errno
	// FreezesLocked is that maps are frozen whose values have a spin lock.
	FreezesLocked bool
	// InnerMoves is that an update of a HASH_OF_MAPS moves its key.
	InnerMoves bool
	// LacksTaking are the types from which LookupAndDeleteElem takes nothing.
	LacksTaking map[abi.MapType]bool
	// LRUTarget is how many free elements a CPU fetches from a common LRU at once; 0 is half of its share, 128 at most.
	LRUTarget int
}

// latest is Linux 6.18.
func latest() *Profile {
	return &Profile{
		Release: abi.Latest, LacksCommand: map[abi.Cmd]bool{}, LacksType: map[abi.MapType]bool{}, LacksTaking: map[abi.MapType]bool{}, AttrSize: abi.AttrSize, Ends: map[abi.Cmd]int{},
		MapInfo: abi.MapInfoSize, MapInfoEnd: abi.MapInfoEnd, ReadsMapInfo: true,
	}
}

// Of is the profile of a series, the same one for everybody.
func Of(r abi.Release) *Profile {
	if r == 0 || r >= abi.Latest {
		return newest()
	}
	made, _ := profiles.LoadOrStore(r, sync.OnceValue(func() *Profile { return Make(r, Rows) }))
	return made.(func() *Profile)()
}

// Named is the profile of the series of that name, 6.18 for none.
func Named(series string) (*Profile, error) {
	if series == "" {
		return Of(abi.Latest), nil
	}
	for _, r := range abi.Releases {
		if series == r.String() {
			return Of(r), nil
		}
	}
	return nil, fmt.Errorf("no profile of Linux %q: want one of %v", series, abi.Releases)
}

var (
	newest   = sync.OnceValue(latest)
	profiles sync.Map // abi.Release -> func() *Profile
)

// Make is the profile of a series by other rows than Rows: without one of them for a test of its own.
func Make(r abi.Release, rows []Row) *Profile {
	p := latest()
	p.Release = r
	newestFirst := slices.Clone(rows)
	slices.SortStableFunc(newestFirst, func(a, b Row) int { return int(b.Since) - int(a.Since) })
	for _, row := range newestFirst {
		if !row.In(r) {
			row.undo(p)
		}
	}
	return p
}
