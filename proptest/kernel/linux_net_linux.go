package kernel

import (
	"encoding/binary"
	"fmt"
	"runtime"

	"golang.org/x/sys/unix"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/program"
)

// network is a network namespace of our own, with lo and, where programs are loaded, a device 2 that runs XDP in its driver. Calls are made in
// it, so that what programs are attached to is nobody else's, and no device is there that is the machine's. Sockets are made outside: no program
// there throws away what they send.
type network struct {
	own, outside int  // fds of the namespaces, 0 before the first program
	devices      bool // 2 is there, and 3
	used         bool // programs may be attached
}

// enter makes a namespace with or without devices, unless it is in such a one, and goes into it.
func (n *network) enter(devices bool) error {
	if n.own != 0 && n.devices == devices {
		return nil
	}
	var err error
	if n.own != 0 {
		unix.Close(n.own)
	} else if n.outside, err = openNetNS(); err != nil {
		return err
	}
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("unshare network: %w", err)
	}
	if n.own, err = openNetNS(); err != nil {
		return err
	}
	if n.devices = devices; !devices {
		return nil
	}
	return makeVeth()
}

func openNetNS() (int, error) {
	fd, err := unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return 0, fmt.Errorf("open network namespace: %w", err)
	}
	return fd, nil
}

// close leaves the namespace to the kernel, which takes it away with its thread.
func (n *network) close() {
	if n.own != 0 {
		unix.Close(n.own)
		unix.Close(n.outside)
	}
}

// makeVeth makes a pair of devices with the indices 2 and 3.
func makeVeth() error {
	const vethPeer = 1 // VETH_INFO_PEER
	peer := linkMessage(3)
	kind := append(netAttr(unix.IFLA_INFO_KIND, []byte("veth")), netAttr(unix.IFLA_INFO_DATA, netAttr(vethPeer, peer))...)
	body := append(linkMessage(2), netAttr(unix.IFLA_LINKINFO, kind)...)
	request := binary.LittleEndian.AppendUint32(nil, uint32(unix.NLMSG_HDRLEN+len(body)))
	request = binary.LittleEndian.AppendUint16(request, unix.RTM_NEWLINK)
	request = binary.LittleEndian.AppendUint16(request, unix.NLM_F_REQUEST|unix.NLM_F_ACK|unix.NLM_F_CREATE|unix.NLM_F_EXCL)
	request = append(append(request, make([]byte, 8)...), body...)
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
	if err != nil {
		return fmt.Errorf("open rtnetlink: %w", err)
	}
	defer unix.Close(fd)
	answer := make([]byte, 4096)
	if err = unix.Sendto(fd, request, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err == nil {
		_, _, err = unix.Recvfrom(fd, answer, 0)
	}
	if errno := -int32(binary.LittleEndian.Uint32(answer[unix.NLMSG_HDRLEN:])); err == nil && errno != 0 {
		err = unix.Errno(errno)
	}
	if err != nil {
		return fmt.Errorf("make a pair of veth devices: %w", err)
	}
	return nil
}

// linkMessage is a struct ifinfomsg with an index.
func linkMessage(index uint32) []byte {
	b := make([]byte, unix.SizeofIfInfomsg)
	binary.LittleEndian.PutUint32(b[4:], index)
	return b
}

func netAttr(kind uint16, data []byte) []byte {
	b := binary.LittleEndian.AppendUint16(nil, uint16(unix.SizeofRtAttr+len(data)))
	b = append(binary.LittleEndian.AppendUint16(b, kind), data...)
	return append(b, make([]byte, -len(b)&3)...)
}

// makeThingOutside is makeThing in the network namespace that the process began in. It takes CAP_SYS_ADMIN to go there.
func (k *Linux) makeThingOutside(what string) (int, error) {
	if k.net.own == 0 {
		return k.makeThing(what)
	}
	move := func(to int) {
		if err := setCapabilities(true, true); err != nil {
			panic(err) // they were set before
		}
		if err := unix.Setns(to, unix.CLONE_NEWNET); err != nil {
			panic(err) // it has been here before
		}
		if err := setCapabilities(k.machine.BPF, k.machine.SysAdmin); err != nil {
			panic(err)
		}
	}
	move(k.net.outside)
	defer move(k.net.own)
	return k.makeThing(what)
}

// renewNet takes away what the last program has attached: links go by themselves, those with a pin after a while.
func (k *Linux) renewNet() {
	for _, id := range k.links.real {
		for !k.goneID(abi.LinkGetFDByID, id) {
			runtime.Gosched()
		}
	}
	if !k.net.used || !k.net.devices {
		return
	}
	k.net.used = false
	for _, at := range []abi.AttachType{abi.AttachTCXIngress, abi.AttachTCXEgress} {
		for device := range 2 {
			k.detachAll(at, device+1, device+1)
		}
	}
	k.detachAll(abi.AttachFlowDissector, k.net.own, 0)
}

// detachAll detaches all programs from what PROG_QUERY and PROG_DETACH have these names for.
func (k *Linux) detachAll(at abi.AttachType, query, detach int) {
	const most = 64
	attr := k.user.scratch(64 + 4*most)
	program.PutWord(attr[:4], uint64(query))
	program.PutWord(attr[4:8], uint64(at))
	program.PutWord(attr[queryProgsAt:][:8], scratchBase+64)
	program.PutWord(attr[queryCountAt:][:4], most)
	if _, errno := bpf(abi.ProgQuery, scratchBase, 64); errno != abi.OK {
		panic(errno) // who asks is root
	}
	ids := append([]byte(nil), attr[64:][:4*program.Word(attr[queryCountAt:][:4])]...)
	for ; len(ids) > 0; ids = ids[4:] {
		attr := k.user.scratch(32)
		copy(attr[:4], ids)
		fd, errno := bpf(abi.ProgGetFDByID, scratchBase, 12)
		if errno != abi.OK {
			continue // it went with its last link
		}
		clear(attr)
		program.PutWord(attr[:4], uint64(detach))
		program.PutWord(attr[4:8], uint64(fd))
		program.PutWord(attr[8:12], uint64(at))
		bpf(abi.ProgDetach, scratchBase, 32)
		unix.Close(fd)
	}
}
