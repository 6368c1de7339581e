package kernel

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/btf"
	"github.com/bpfsim/bpfsim/maps"
	"github.com/bpfsim/bpfsim/syscall"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// congestion makes TCP congestion controls of programs on Linux and on bpfsim.
type congestion struct {
	*attacher
	valueID, id, size uint32
	data              uint32 // where the struct begins in a value
	members           []btf.Member
	programs          map[string]int32 // fds by member
	wrong             []int32          // fds of what is no function of it
	maps              []int32
	in, out, simOut   piece
}

func newCongestion(t *testing.T, draw *rand.Rand) *congestion {
	if hostBTF() == nil {
		t.Skip("/sys/kernel/btf/vmlinux cannot be read")
	}
	n := newNative(t, bpfsys.Root)
	c := &congestion{attacher: &attacher{native: n, draw: draw, ids: map[uint32]uint32{0: 0}, seen: map[string]int{}}}
	c.describe()
	c.in, c.out, c.simOut = n.alloc(1024), n.alloc(1024), n.alloc(1024)
	c.programs = map[string]int32{}
	for i, m := range c.members {
		if linux, sim := n.load(c.program(uint32(i))); linux == abi.OK && sim == abi.OK {
			c.programs[m.Name] = n.object(c.program(uint32(i)))
			c.know(c.programs[m.Name], n.files[c.programs[m.Name]].Object().(*bpfsys.Program).ID())
		}
	}
	require.Greater(t, len(c.programs), 10)
	c.wrong = []int32{n.fds.program, n.fds.hash, n.fds.file, n.fds.closed, -1}
	return c
}

// describe looks for the struct among the kernel's types.
func (c *congestion) describe() {
	types := hostBTF()
	var ok bool
	c.valueID, ok = types.Struct("bpf_struct_ops_tcp_congestion_ops")
	if !ok {
		c.Skip("this kernel has no congestion controls of programs")
	}
	c.id, _ = types.Struct("tcp_congestion_ops")
	c.size = types.Type(c.valueID).Bytes()
	for _, m := range types.MembersOf(types.Type(c.valueID)) {
		c.data = m.Offset
	}
	for _, m := range types.MembersOf(types.Type(c.id)) {
		c.members = append(c.members, m)
	}
}

// program returns 0 from the function that is a member.
func (c *congestion) program(member uint32) bpfsys.ProgLoad {
	args := c.socketFilter([]uint64{0xb7, exitR0})
	args.Type, args.AttachType, args.AttachBTFID = abi.ProgStructOps, abi.AttachType(member), c.id
	return args
}

// offset is where a member lies in a value.
func (c *congestion) offset(member string) int {
	for _, m := range c.members {
		if m.Name == member {
			return int(c.data + m.Offset)
		}
	}
	c.Fatalf("no member %s", member)
	return 0
}

func (c *congestion) at(member string) []byte { return c.in.bytes[c.offset(member):] }

// Congestion controls, in any order of calls: maps with and without links, values good and bad, names taken, links moved to another map.
func TestStructOpsAsLinux(t *testing.T) {
	c := newCongestion(t, rand.New(rand.NewPCG(3, 4)))
	t.Cleanup(c.closeAll)
	const rounds = 3_000
	for range rounds {
		c.step()
	}
	for _, want := range []string{
		"BPF_MAP_UPDATE_ELEM OK", "BPF_MAP_UPDATE_ELEM EBUSY", "BPF_MAP_UPDATE_ELEM EEXIST", "BPF_MAP_UPDATE_ELEM EINVAL",
		"BPF_MAP_UPDATE_ELEM EBADF", "BPF_MAP_UPDATE_ELEM E2BIG", "BPF_MAP_DELETE_ELEM OK", "BPF_MAP_DELETE_ELEM EINPROGRESS",
		"BPF_MAP_DELETE_ELEM ENOENT", "BPF_MAP_DELETE_ELEM EOPNOTSUPP", "BPF_MAP_LOOKUP_ELEM OK", "BPF_LINK_CREATE OK",
		"BPF_LINK_CREATE EEXIST", "BPF_LINK_CREATE EINVAL", "BPF_LINK_UPDATE OK", "BPF_LINK_UPDATE EPERM", "BPF_LINK_UPDATE EINVAL",
		"BPF_LINK_UPDATE ENOLINK", "BPF_LINK_DETACH OK", "BPF_MAP_FREEZE ENOTSUPP",
	} {
		require.NotZero(t, c.seen[want], "%s never came of %v", want, c.seen)
	}
}

func (c *congestion) step() {
	switch c.draw.IntN(12) {
	case 0:
		c.makeMap()
	case 1, 2, 3:
		c.update()
	case 4, 5:
		c.lookup()
	case 6:
		c.other()
	case 7:
		c.link()
	case 8:
		c.moveLink()
	case 9:
		c.endLink()
	case 10:
		c.tell()
	case 11:
		c.tellMap()
	}
}

// makeMap makes a map, and closes one where there are many.
func (c *congestion) makeMap() {
	if len(c.maps) > 5 {
		c.closeMap(c.draw.IntN(len(c.maps)))
		return
	}
	args := bpfsys.MapCreate{Type: abi.StructOps, KeySize: 4, ValueSize: c.size, MaxEntries: 1, BTFVmlinuxValue: c.valueID,
		BTFFD: c.fds.btf, Flags: pick(c.draw, 0, abi.FlagLink, abi.FlagLink)}
	switch c.draw.IntN(8) {
	case 0:
		args.BTFFD = pick(c.draw, c.fds.closed, c.fds.hash, 0)
	case 1:
		args.ValueSize += pick[uint32](c.draw, 1, 8)
	case 2:
		args.BTFVmlinuxValue = pick(c.draw, c.id, 1, 1<<30)
	case 3:
		args.Flags |= abi.FlagVTypeBTFObjFD
		args.ValueTypeBTFObjFD = pick(c.draw, c.fds.closed, c.fds.hash, c.fds.btf, 0)
	}
	attr := args.Encode()
	linux, _ := c.both(abi.MapCreate, attr, attr)
	if linux.errno != abi.OK {
		return
	}
	c.files[linux.fd] = c.files[installed]
	delete(c.files, installed)
	c.maps = append(c.maps, linux.fd)
	c.know(linux.fd, c.files[linux.fd].Map().ID())
}

// closeMap unregisters what is in a map before it closes it: Linux would keep it for ever.
func (c *congestion) closeMap(i int) {
	fd := c.maps[i]
	attr := bpfsys.MapDeleteElem{FD: fd, Key: c.key()}.Encode()
	c.both(abi.MapDeleteElem, attr, attr)
	c.maps = append(c.maps[:i], c.maps[i+1:]...)
	c.files[fd].Release()
	delete(c.files, fd)
	require.NoError(c, unix.Close(int(fd)))
}

// closeAll ends what the test has registered, even when it has failed.
func (c *congestion) closeAll() {
	for _, fd := range c.maps {
		attr := bpfsys.MapDeleteElem{FD: fd, Key: c.in.addr + 512}.Encode()
		copy(c.native.attr.bytes, attr[:])
		_, _ = bpf(abi.MapDeleteElem, c.native.attr.addr, abi.AttrSize)
		unix.Close(int(fd))
	}
	for _, fd := range c.links {
		unix.Close(int(fd))
	}
}

func (c *congestion) someMap() int32 {
	if len(c.maps) == 0 || c.draw.IntN(25) == 0 {
		return pick(c.draw, c.wrong...)
	}
	return pick(c.draw, c.maps...)
}

// put makes a program a member.
func (c *congestion) put(member string, fd int32) {
	binary.LittleEndian.PutUint64(c.at(member), uint64(uint32(fd)))
}

// sound is a value that Linux takes.
func (c *congestion) sound() {
	clear(c.in.bytes)
	for _, member := range []string{"ssthresh", "undo_cwnd", "cong_avoid"} {
		c.put(member, c.programs[member])
	}
	copy(c.at("name"), pick(c.draw, "bpfsim_a", "bpfsim_a", "bpfsim_b"))
}

// value draws a value, which is sound half of the time.
func (c *congestion) value() {
	c.sound()
	if c.draw.IntN(2) == 0 {
		return
	}
	switch c.draw.IntN(11) {
	case 0:
		c.in.bytes[c.draw.IntN(int(c.size))] ^= 1 << c.draw.IntN(8)
		clear(c.at("owner")[:8]) // for which Linux returns 1 and does nothing
	case 1:
		c.put(pick(c.draw, "ssthresh", "undo_cwnd", "cong_avoid"), 0)
	case 2:
		c.put(pick(c.draw, "ssthresh", "init", "get_info"), pick(c.draw, c.wrong...))
	case 3:
		c.put(pick(c.draw, "init", "release", "cong_control"), c.programs[pick(c.draw, "ssthresh", "init", "release")])
	case 4:
		binary.LittleEndian.PutUint32(c.at("flags"), pick[uint32](c.draw, 1, 2, 3, 1<<c.draw.IntN(32)))
	case 5:
		copy(c.at("name"), pick(c.draw, "reno\x00\x00\x00\x00", "cubic\x00\x00\x00", "a b\x00\x00\x00\x00\x00", "\x00", "0123456789abcdef", "a\x00bcdefg"))
	case 6:
		c.in.bytes[pick(c.draw, 0, 4, 8, 63)] = 1
	case 7:
		binary.LittleEndian.PutUint64(c.at("init"), uint64(uint32(c.programs["init"]))|1<<32)
	case 8:
		binary.LittleEndian.PutUint32(c.at("key"), 1)
	case 9:
		c.put("init", c.programs["init"])
	case 10: // one of two is enough
		c.put("cong_avoid", 0)
		c.put("cong_control", c.programs["cong_control"])
	}
}

func (c *congestion) update() {
	c.value()
	args := bpfsys.MapUpdateElem{FD: c.someMap(), Key: c.key(), Value: c.in.addr}
	if c.draw.IntN(20) == 0 {
		args.Flags = pick(c.draw, abi.NoExist, abi.Exist, abi.Lock, 8)
	}
	attr := args.Encode()
	c.about = fmt.Sprintf("%q", c.in.bytes[:c.size])
	if linux, sim := c.both(abi.MapUpdateElem, attr, attr); linux.errno == abi.OK {
		require.Equal(c, linux.fd, sim.fd, "what the call returns")
	}
}

// key is nearly always 0.
func (c *congestion) key() uint64 {
	binary.LittleEndian.PutUint32(c.in.bytes[1000:], 0)
	if c.draw.IntN(25) == 0 {
		binary.LittleEndian.PutUint32(c.in.bytes[1000:], pick[uint32](c.draw, 1, 1<<31))
	}
	return c.in.addr + 1000
}

// lookup compares values, with the ids of programs as Linux has them.
func (c *congestion) lookup() {
	args := bpfsys.MapLookupElem{FD: c.someMap(), Key: c.key(), Value: c.out.addr}
	simArgs := args
	simArgs.Value = c.simOut.addr
	clear(c.out.bytes)
	clear(c.simOut.bytes)
	linux, _ := c.both(abi.MapLookupElem, args.Encode(), simArgs.Encode())
	if linux.errno != abi.OK {
		return
	}
	for _, m := range c.members {
		if c.programs[m.Name] != 0 {
			at := c.out.bytes[c.data+m.Offset:]
			id, ok := c.ids[binary.LittleEndian.Uint32(at)]
			require.True(c, ok)
			binary.LittleEndian.PutUint32(at, id)
		}
	}
	require.Equal(c, c.out.bytes, c.simOut.bytes)
	c.seen[fmt.Sprint("state ", binary.LittleEndian.Uint32(c.out.bytes[maps.OpsStateAt:]))]++
}

func (c *congestion) other() {
	fd := c.someMap()
	elem := bpfsys.MapLookupAndDeleteElem{FD: fd, Key: c.key(), Value: c.out.addr}
	args := pick[bpfsys.Args](c.draw, bpfsys.MapDeleteElem{FD: fd, Key: elem.Key}, bpfsys.MapDeleteElem{FD: fd, Key: elem.Key}, elem,
		bpfsys.MapGetNextKey{FD: fd, Key: elem.Key, NextKey: c.memory.addr + 2048}, bpfsys.MapGetNextKey{FD: fd, NextKey: c.memory.addr + 2048},
		bpfsys.MapFreeze{FD: fd}, bpfsys.MapLookupBatch{FD: fd, Keys: elem.Key, Values: c.out.addr, Out: c.out.addr, Count: 1})
	attr := args.Encode()
	linux, sim := c.both(args.Cmd(), attr, attr)
	require.Equal(c, linux.memory, sim.memory)
}

func (c *congestion) link() {
	if len(c.links) > 4 {
		c.close(c.draw.IntN(len(c.links)))
		return
	}
	var p pair
	p.put(abi.LinkCreateProgFD, uint32(c.someMap()))
	p.put(abi.LinkCreateAttachType, uint32(abi.AttachStructOps))
	if c.draw.IntN(8) == 0 {
		p.put(pick(c.draw, abi.LinkCreateFlags, abi.LinkCreateTarget), 1)
	}
	linux, _ := c.both(abi.LinkCreate, p.linux, p.sim)
	c.keep(linux)
}

// moveLink never gives a link the map that it has, which breaks Linux's list of congestion controls.
func (c *congestion) moveLink() {
	if len(c.links) == 0 {
		return
	}
	link := pick(c.draw, c.links...)
	to := c.someMap()
	if m := c.linkedTo(link); m != 0 && c.files[to] != nil && c.files[to].Map() != nil && c.files[to].Map().ID() == m {
		return
	}
	var p pair
	p.put(0, uint32(link))
	p.put(4, uint32(to))
	p.put(8, pick[uint32](c.draw, 0, 0, 0, 4, 1))
	if c.draw.IntN(3) == 0 {
		p.put(12, uint32(c.someMap()))
	}
	c.both(abi.LinkUpdate, p.linux, p.sim)
}

// linkedTo is the id of a link's map in the simulation, 0 for none.
func (c *congestion) linkedTo(link int32) (id uint32) {
	for _, line := range regexp.MustCompile(`map_id:\t(\d+)`).FindAllStringSubmatch(c.files[link].Object().FDInfo(), 1) {
		_, _ = fmt.Sscan(line[1], &id)
	}
	return id
}

// tellMap compares info and fdinfo of a map.
func (c *congestion) tellMap() {
	if len(c.maps) == 0 {
		return
	}
	fd := pick(c.draw, c.maps...)
	args := bpfsys.ObjGetInfoByFD{FD: fd, Info: c.memory.addr + 2048, InfoLen: 104}
	attr := args.Encode()
	linux, sim := c.both(abi.ObjGetInfoByFD, attr, attr)
	linux.memory[1] = c.ids[linux.memory[1]]
	linux.memory[abi.MapInfoBTFID/4] = sim.memory[abi.MapInfoBTFID/4]
	require.Equal(c, linux.memory, sim.memory)

	text, err := os.ReadFile(fmt.Sprintf("/proc/thread-self/fdinfo/%d", fd))
	require.NoError(c, err)
	linuxLines := regexp.MustCompile(`(map_type|memlock|map_flags|frozen).*\n`).FindAllString(string(text), -1)
	simLines := regexp.MustCompile(`(map_type|memlock|map_flags|frozen).*\n`).FindAllString(c.files[fd].Object().FDInfo(), -1)
	require.Equal(c, linuxLines, simLines)
}

// Each bit of an otherwise sound value, by itself; but of the owner, for which Linux 6.18 returns 1 and does nothing.
func TestStructOpsBitsAsLinux(t *testing.T) {
	c := newCongestion(t, rand.New(rand.NewPCG(5, 6)))
	t.Cleanup(c.closeAll)
	taken := 0
	owner := c.offset("owner")
	for bit := range int(8 * c.size) {
		if bit/8 >= owner && bit/8 < owner+8 {
			continue
		}
		args := bpfsys.MapCreate{Type: abi.StructOps, KeySize: 4, ValueSize: c.size, MaxEntries: 1, BTFVmlinuxValue: c.valueID,
			BTFFD: c.fds.btf, Flags: abi.FlagLink}
		fd := c.object(args)
		c.sound()
		c.in.bytes[bit/8] ^= 1 << (bit % 8)
		c.about = fmt.Sprintf("bit %d of byte %d", bit%8, bit/8)
		update := bpfsys.MapUpdateElem{FD: fd, Key: c.in.addr + 512, Value: c.in.addr}.Encode()
		if linux, sim := c.both(abi.MapUpdateElem, update, update); linux.errno == abi.OK {
			require.Equal(t, linux.fd, sim.fd, "what the call returns: %s", c.about)
			taken++
		}
	}
	require.Greater(t, taken, 100) // the upper halves of functions, and what a name may be
}

// Programs for each member of each struct of functions, and for what is none, may sleep or not, and are free or not.
func TestStructOpsProgramsAsLinux(t *testing.T) {
	n := newNative(t, bpfsys.Root)
	if hostBTF() == nil {
		t.Skip("/sys/kernel/btf/vmlinux cannot be read")
	}
	taken := 0
	for _, name := range []string{"tcp_congestion_ops", "bpf_dummy_ops", "sched_ext_ops", "Qdisc_ops", "task_struct"} {
		id, exists := hostBTF().Struct(name)
		if !exists {
			continue
		}
		for member := range uint32(hostBTF().Type(id).Members() + 1) {
			if name == "task_struct" && member > 2 {
				break
			}
			for _, flags := range []uint32{0, 1 << 4} {
				load := func(code []uint64, spoil func(args *bpfsys.ProgLoad)) {
					args := n.socketFilter(code)
					args.Type, args.AttachType, args.AttachBTFID, args.Flags = abi.ProgStructOps, abi.AttachType(member), id, flags
					spoil(&args)
					linux, sim := n.load(args)
					require.Equal(t, linux, sim, "member %d of %s, flags %d, %x", member, name, flags, code)
					if linux == abi.OK {
						taken++
					}
				}
				load([]uint64{0xb7, exitR0}, func(*bpfsys.ProgLoad) {})
				load([]uint64{exitR0}, func(*bpfsys.ProgLoad) {}) // as compiled for void
				load([]uint64{0xb7, exitR0}, func(args *bpfsys.ProgLoad) { args.License = args.Insns })
			}
		}
	}
	require.Greater(t, taken, 20)
}
