package bpfsys

import (
	"bytes"
	"crypto/sha256"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
)

// mapCreate follows map_create in kernel/bpf/syscall.c: shape, token, permission, memory, name, BTF, program hash, id
// and fd, in this order.
func (c *call) mapCreate() (int32, abi.Errno) {
	var args MapCreate
	args.Decode(c.attr)
	withToken := args.Flags&abi.FlagTokenFD != 0
	args.Flags &^= abi.FlagTokenFD
	access, errno := args.checkShape(c.kernel, c.proc.Caps)
	if errno != abi.OK {
		return 0, errno
	}
	if withToken {
		return 0, c.noSuchObject(args.TokenFD)
	}
	if errno := args.checkPermission(c.proc.Caps); errno != abi.OK {
		return 0, errno
	}
	m, errno := c.allocate(args)
	if errno != abi.OK {
		return 0, errno
	}
	c.kernel.objects.add(m)
	return c.install(m, access)
}

// install gives the caller an fd for an object and takes over the reference to it.
func (c *call) install(o Object, access Access) (int32, abi.Errno) {
	return c.installFile(NewFile(o, access))
}

// installFile is install of a file.
func (c *call) installFile(file *File) (int32, abi.Errno) {
	fd, errno := c.proc.Files.Install(file)
	if errno != abi.OK {
		file.Release()
		return 0, errno
	}
	return fd, abi.OK
}

// checkShape is what Linux looks at before it asks who calls.
func (a *MapCreate) checkShape(k *Kernel, caps Caps) (Access, abi.Errno) {
	access, errno := accessOf(a.Flags)
	switch {
	case k.profile.LacksType[a.Type]:
		return 0, abi.EINVAL
	case a.BTFVmlinuxValue != 0 && (a.Type != abi.StructOps || a.typed()),
		a.BTFKeyType != 0 && a.BTFValueType == 0,
		a.Extra != 0 && a.Type != abi.BloomFilter && a.Type != abi.Arena,
		errno != abi.OK,
		a.Flags&abi.FlagNUMANode != 0 && a.NumaNode != abi.AnyNode && a.NumaNode != onlyNode:
		return 0, abi.EINVAL
	}
	if k.profile.AsksNetAdminFirst && a.network() && !caps.SysAdmin {
		return 0, abi.EPERM
	}
	return access, maps.Check(a.spec(k), caps.SysAdmin)
}

// onlyNode is the machine's one NUMA node.
const onlyNode = 0

// typed tells whether key or value have a type of BTF.
func (a *MapCreate) typed() bool { return a.BTFKeyType != 0 || a.BTFValueType != 0 }

// checkPermission asks for CAP_BPF, as under kernel.unprivileged_bpf_disabled, and for types of the network for
// CAP_NET_ADMIN too, which CAP_SYS_ADMIN holds.
func (a *MapCreate) checkPermission(caps Caps) abi.Errno {
	if a.network() && !caps.SysAdmin || !caps.BPF {
		return abi.EPERM
	}
	return abi.OK
}

// network tells whether the type takes CAP_NET_ADMIN.
func (a *MapCreate) network() bool {
	switch a.Type {
	case abi.SockMap, abi.SockHash, abi.DevMap, abi.DevMapHash, abi.XSKMap:
		return true
	}
	return false
}

// allocate makes the map and then looks at what the kernel looks at only when it has one.
func (c *call) allocate(args MapCreate) (*Map, abi.Errno) {
	if args.Ifindex != 0 {
		return nil, args.offload(c.proc)
	}
	if errno := maps.CheckAlloc(args.spec(c.kernel)); errno != abi.OK {
		return nil, errno
	}
	m := &Map{kernel: c.kernel}
	spec, errno := c.newSpec(args, m)
	if errno != abi.OK {
		return nil, errno
	}
	m.account = c.kernel.budget.Open()
	spec.Account = m.account
	made, backing, errno := c.newElements(spec)
	if errno != abi.OK {
		m.free()
		return nil, errno
	}
	m.elements, m.backing = elementsOf(made), backing
	if c.kernel.profile.LacksTaking[args.Type] {
		m.lookupDeleter = nil
	}
	m.refs.Store(1)
	if m.waited != nil {
		m.waited.OnWake(m.waiters.wake)
	}
	if errno := c.describe(m, args); errno != abi.OK {
		m.free()
		return nil, errno
	}
	return m, abi.OK
}

// describe sets what does not concern the elements.
func (c *call) describe(m *Map, args MapCreate) (errno abi.Errno) {
	if m.name, errno = objectName(args.Name); errno != abi.OK {
		return errno
	}
	if args.typed() || m.ops != nil {
		if errno := c.typeMap(m, args); errno != abi.OK {
			return errno
		}
	}
	return c.exclProgHash(m, args)
}

// spec is the shape that the map's type checks.
func (a *MapCreate) spec(k *Kernel) maps.Spec {
	return maps.Spec{
		Type: a.Type, KeySize: a.KeySize, ValueSize: a.ValueSize, MaxEntries: a.MaxEntries,
		Flags: a.Flags, NumaNode: a.NumaNode, Extra: a.Extra, CPUs: k.options.CPUs,
		Typed: a.BTFKeyType != 0 && a.BTFValueType != 0, KernelTyped: a.BTFVmlinuxValue != 0,
		LRUTarget: k.profile.LRUTarget, InnerMoves: k.profile.InnerMoves,
	}
}

// newSpec is the shape that the map keeps, and finds what the map knows of its values: access modes belong to the fd, and the seed is drawn
// only now, so that a refused MapCreate does not change the seeds of later maps.
func (c *call) newSpec(a MapCreate, m *Map) (spec maps.Spec, errno abi.Errno) {
	spec = a.spec(c.kernel)
	switch a.Type {
	case abi.ArrayOfMaps, abi.HashOfMaps:
		spec.Inner, m.inner, errno = c.newInner(a.InnerMapFD)
	case abi.StructOps:
		m.ops, errno = c.newOps(a)
		spec.Functions = m.ops.functions()
	}
	if errno != abi.OK {
		return spec, errno
	}
	spec.Flags &^= abi.FlagReadOnly | abi.FlagWriteOnly
	if spec.Flags&abi.FlagZeroSeed == 0 {
		spec.Seed = c.kernel.seeds.next()
	}
	return spec, abi.OK
}

// loopback is the ifindex of the one network device that all hosts have.
const loopback = 1

// offload answers for maps on a network device, of which there is none that could hold one
// (bpf_map_offload_map_alloc in kernel/bpf/offload.c).
func (a *MapCreate) offload(proc *Process) abi.Errno {
	switch {
	case !proc.Caps.SysAdmin:
		return abi.EPERM
	case a.Type != abi.Hash && a.Type != abi.Array, !proc.host().Device(a.Ifindex):
		return abi.EINVAL
	}
	return abi.EOPNOTSUPP
}

// noSuchObject is the errno for an fd that should be a BPF token or a link: nothing here is one.
func (c *call) noSuchObject(fd int32) abi.Errno {
	if _, open := c.proc.Files.Get(fd); !open {
		return abi.EBADF
	}
	return abi.EINVAL
}

// exclProgHash reads the hash of the only program that may use the map.
func (c *call) exclProgHash(m *Map, args MapCreate) abi.Errno {
	switch {
	case args.ExclProgHash == 0 && args.ExclProgHashSize == 0:
		return abi.OK
	case args.ExclProgHash == 0 || args.ExclProgHashSize != sha256.Size:
		return abi.EINVAL
	}
	m.exclusive = new([sha256.Size]byte)
	return c.copyIn(m.exclusive[:], args.ExclProgHash)
}

// objectName is the text of a name field: up to the first NUL, of letters, digits, '_' and '.'. The kernel's isalnum
// counts the letters of Latin-1 in (bpf_obj_name_cpy, measured on 6.18).
func objectName(field [abi.NameLen]byte) (string, abi.Errno) {
	n := bytes.IndexByte(field[:], 0)
	if n < 0 {
		return "", abi.EINVAL
	}
	for _, b := range field[:n] {
		if !nameByte(b) {
			return "", abi.EINVAL
		}
	}
	return string(field[:n]), abi.OK
}

func nameByte(b byte) bool {
	switch {
	case b >= '0' && b <= '9', b >= 'A' && b <= 'Z', b >= 'a' && b <= 'z', b == '_', b == '.':
		return true
	}
	return b >= 0xc0 && b != 0xd7 && b != 0xf7
}
