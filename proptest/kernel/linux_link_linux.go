package kernel

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

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
		sweepCgroups(root)
		path := root + cgroupPrefix + strconv.Itoa(os.Getpid())
		if err := unix.Mkdir(path, 0o700); err != nil && err != unix.EEXIST {
			return -1, err
		}
		g.path = path
	}
	return unix.Open(g.path, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
}

// cgroupPrefix is what the name of a cgroup of ours has before the number of its process.
const cgroupPrefix = "/bpfsim-compare-"

// sweepCgroups removes those that processes left which were killed.
func sweepCgroups(root string) {
	left, _ := filepath.Glob(root + cgroupPrefix + "*") // of an error nothing comes but more that is left
	for _, path := range left {
		pid, err := strconv.Atoi(path[len(root+cgroupPrefix):])
		if err == nil && pid != os.Getpid() && unix.Kill(pid, 0) == unix.ESRCH {
			_ = unix.Rmdir(path) // somebody else may have done it
		}
	}
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

// linkIterMap is where struct bpf_link_info has the map that an iterator goes over.
const linkIterMap = abi.LinkInfoKind + 12

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
	if kind := abi.LinkType(program.Word(told[:4])); kind == abi.LinkIter {
		if over := uint32(program.Word(told[linkIterMap:][:4])); over != 0 { // else the field is the caller's
			fields = append(fields, idField(linkIterMap, over, k.ids.ours[over]))
		}
		return fields
	}
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
func (k *Linux) attach(c program.Call, flags, relative int, expected *expectation) Outcome {
	k.cgroup.used, k.net.used = true, true
	attached := func() Outcome { return k.withoutUnpinned(expected, func() Outcome { return k.plain(c) }) }
	set := uint32(k.user.arena.Field(c, flags, 4))
	field := k.user.arena.Span(c.Attr+uint64(relative), 4, program.ToPoke)
	if set&relativeID == 0 || len(field) < 4 || int(c.Size) < relative+4 {
		return attached()
	}
	known, id := &k.progs, program.Word(field)
	if set&relativeLink != 0 {
		known = &k.links
	}
	program.PutWord(field, uint64(known.toReal(uint32(id))))
	defer program.PutWord(field, id)
	return attached()
}

// query puts our ids of programs in the place of the real ones.
func (k *Linux) query(c program.Call, expected *expectation) Outcome {
	const most = 64
	k.awaitCount(c, expected)
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

// withoutUnpinned makes a call again while it fails otherwise than it did elsewhere: a link whose last pin is gone leaves its place after a
// grace period, in the background.
func (k *Linux) withoutUnpinned(expected *expectation, call func() Outcome) Outcome {
	out := call()
	for begun := time.Now(); k.unpins(expected) && out.Errno != abi.OK && out.Errno != expected.outcome.Errno && time.Since(begun) < patience; {
		time.Sleep(time.Millisecond)
		out = call()
	}
	return out
}

// awaitCount waits likewise until as many programs are where a query looks as one elsewhere has told.
func (k *Linux) awaitCount(c program.Call, expected *expectation) {
	for begun := time.Now(); k.unpins(expected) && expected.outcome.Errno == abi.OK && time.Since(begun) < patience; {
		attr := k.user.scratch(64)
		k.user.arena.Read(attr[:min(c.Size, 16)], c.Attr)
		_, errno := bpf(abi.ProgQuery, scratchBase, 64)
		if errno != abi.OK || program.Word(attr[queryCountAt:][:4]) == expected.memory.Field(c, queryCountAt, 4) {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

// unpins reports whether a link may be leaving its place.
func (k *Linux) unpins(expected *expectation) bool {
	return expected != nil && k.pinned && len(k.links.real) > 0
}

// detachLinks detaches the links that pins keep, so that they have left their places when the next program begins.
func (k *Linux) detachLinks() {
	for _, id := range k.links.real {
		attr := k.user.scratch(12)
		program.PutWord(attr[abi.IDStart:][:4], uint64(id))
		fd, errno := bpf(abi.LinkGetFDByID, scratchBase, 12)
		if errno != abi.OK {
			continue // no pin kept it
		}
		clear(attr)
		program.PutWord(attr[:4], uint64(fd))
		bpf(abi.LinkDetach, scratchBase, 4) // some kinds have nothing to leave
		unix.Close(fd)
	}
}

// numberIn puts our id in the place of a real one in a list, where it is.
func (k *Linux) numberIn(list uint64, i int, real []byte, known *ids) {
	b := k.user.arena.Span(list+uint64(4*i), 4, program.ToWrite)
	if ours, ok := known.ours[uint32(program.Word(real))]; ok && slices.Equal(b, real) {
		copy(b, binary.LittleEndian.AppendUint32(nil, ours))
	}
}
