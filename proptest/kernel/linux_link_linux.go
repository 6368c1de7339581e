package kernel

import (
	"encoding/binary"
	"fmt"
	"os"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/program"
)

// Links on Linux, and the cgroup to which programs are attached: one of our own, in which nothing runs.

// cgroup is where the program's cgroup is.
type cgroup struct {
	path string // "" before somebody asks for one
	used bool   // programs may be attached
}

// open opens the cgroup.
func (g *cgroup) open() (int, error) {
	if g.path == "" {
		root, err := cgroupRoot()
		if err != nil {
			return -1, err
		}
		path := fmt.Sprintf("%s/bpfsim-compare-%d", root, os.Getpid())
		if err := unix.Mkdir(path, 0o700); err != nil && err != unix.EEXIST {
			return -1, err
		}
		g.path = path
	}
	return unix.Open(g.path, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
}

// renew replaces a cgroup that was used: what is attached without a link would stay.
func (g *cgroup) renew() {
	if g.used {
		g.remove()
	}
}

func (g *cgroup) remove() {
	if g.path != "" {
		_ = unix.Rmdir(g.path) // what keeps it is not ours
	}
	*g = cgroup{}
}

// cgroupRoot finds the root of cgroup v2.
func cgroupRoot() (string, error) {
	for _, dir := range []string{"/sys/fs/cgroup", "/sys/fs/cgroup/unified"} {
		var fs unix.Statfs_t
		if unix.Statfs(dir, &fs) == nil && fs.Type == unix.CGROUP2_SUPER_MAGIC {
			return dir, nil
		}
	}
	return "", os.ErrNotExist
}

// linkFields are the fields of a link that are this machine's own.
func (k *Linux) linkFields(fd int32) []ownField {
	const info = 64
	attr := k.user.scratch(info + abi.LinkInfoSize)
	program.PutWord(attr[abi.InfoBPFFD:][:4], uint64(fd))
	program.PutWord(attr[abi.InfoLen:][:4], abi.LinkInfoSize)
	program.PutWord(attr[abi.InfoPtr:][:8], scratchBase+info)
	if _, errno := bpf(abi.ObjGetInfoByFD, scratchBase, 16); errno != abi.OK {
		panic(errno) // it is open
	}
	told := slices.Clone(attr[info:])
	id, prog := uint32(program.Word(told[abi.LinkInfoID:][:4])), uint32(program.Word(told[abi.LinkInfoProgID:][:4]))
	fields := []ownField{idField(abi.LinkInfoID, id, k.links.ours[id]), idField(abi.LinkInfoProgID, prog, k.progs.ours[prog])}
	wide, ok := map[abi.LinkType]int{abi.LinkCgroup: 8, abi.LinkNetNS: 4}[abi.LinkType(program.Word(told[:4]))]
	if !ok {
		return fields
	}
	number := make([]byte, wide)
	if !program.Zero(told[abi.LinkInfoKind:][:wide]) {
		number[0] = 1
	}
	return append(fields, ownField{abi.LinkInfoKind, told[abi.LinkInfoKind:][:wide], number})
}

// attach is a call that attaches, or detaches. What it names by its id has a real one only for the length of the call.
func (k *Linux) attach(c program.Call, flags, relative int) Outcome {
	k.cgroup.used, k.net.used = true, true
	set := uint32(k.user.arena.Field(c, flags, 4))
	field := k.user.arena.Span(c.Attr+uint64(relative), 4, program.ToPoke)
	if set&relativeID == 0 || len(field) < 4 || int(c.Size) < relative+4 {
		return k.plain(c)
	}
	known, id := &k.progs, program.Word(field)
	if set&relativeLink != 0 {
		known = &k.links
	}
	program.PutWord(field, uint64(known.toReal(uint32(id))))
	defer program.PutWord(field, id)
	return k.plain(c)
}

// query puts our ids of programs in the place of the real ones.
func (k *Linux) query(c program.Call) Outcome {
	const most = 64
	list, linkList := k.user.arena.Field(c, queryProgsAt, 8), k.user.arena.Field(c, queryLinksAt, 8)
	room := int(min(k.user.arena.Field(c, queryCountAt, 4), most))
	attr := k.user.scratch(64 + 8*most)
	k.user.arena.Read(attr[:min(c.Size, 16)], c.Attr)
	program.PutWord(attr[queryProgsAt:][:8], scratchBase+64)
	program.PutWord(attr[queryLinksAt:][:8], scratchBase+64+4*most)
	program.PutWord(attr[queryCountAt:][:4], most)
	_, errno := bpf(abi.ProgQuery, scratchBase, 64)
	ids := slices.Clone(attr[64:])
	n := min(room, int(program.Word(attr[queryCountAt:][:4])), most)
	out := k.plain(c)
	for i := 0; errno == abi.OK && i < n; i++ {
		k.numberIn(list, i, ids[4*i:][:4], &k.progs)
		k.numberIn(linkList, i, ids[4*(most+i):][:4], &k.links)
	}
	return out
}

// numberIn puts our id in the place of a real one in a list, where it is.
func (k *Linux) numberIn(list uint64, i int, real []byte, known *ids) {
	b := k.user.arena.Span(list+uint64(4*i), 4, program.ToWrite)
	if ours, ok := known.ours[uint32(program.Word(real))]; ok && slices.Equal(b, real) {
		copy(b, binary.LittleEndian.AppendUint32(nil, ours))
	}
}
