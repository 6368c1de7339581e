package bpfsys

import (
	"encoding/binary"

	"github.com/bpfsim/bpfsim/abi"
)

// Struct bpf_flow_keys, in bytes. The kernel has filled in where the headers begin, and the Ethernet protocol.
const (
	flowKeysSize  = 56
	flowNetwork   = 0
	flowTransport = 2
	flowProtocol  = 10
)

// prepareDissector follows bpf_prog_test_run_flow_dissector. The context that the program fills in is struct bpf_flow_keys.
func (t *testRun) prepareDissector() (run Run, errno abi.Errno) {
	const flags, knownFlags = 48, 7
	if !t.simple() || t.DataSizeIn < ethernetHeader {
		return run, abi.EINVAL
	}
	errno = firstErrno(func() abi.Errno { return t.readData(perfPage) }, func() abi.Errno { return t.readContext(flowKeysSize) })
	keys := make([]byte, flowKeysSize)
	switch {
	case errno != abi.OK:
		return run, errno
	case t.context == nil:
	case !allZero(t.context[:flags]), !allZero(t.context[flags+4:]):
		return run, abi.EINVAL
	default:
		copy(keys[flags:], t.context[flags:flags+4])
	}
	keys[flowNetwork], keys[flowTransport] = ethernetHeader, ethernetHeader
	copy(keys[flowProtocol:], t.data[12:14])
	return Run{Context: keys, Data: t.data}, abi.OK
}

// finishDissector gives the keys back as data.
func (t *testRun) finishDissector(ran Ran) abi.Errno {
	if errno := t.writeData(ran.Context, ran); errno != abi.OK {
		return errno
	}
	return t.writeContext()
}

// Sizes of headers, in bytes.
const (
	ipHeader  = 20
	ip6Header = 40
)

// What an Ethernet header says that it is followed by.
const (
	protocolIP  = 0x0800
	protocolIP6 = 0x86dd
)

// protocol is that of the packet.
func (t *testRun) protocol() uint16 { return binary.BigEndian.Uint16(t.data[12:]) }

// hookStateSize is the size of struct nf_hook_state.
const hookStateSize = 48

// prepareNetfilter follows bpf_prog_test_run_nf.
func (t *testRun) prepareNetfilter() (run Run, errno abi.Errno) {
	if !t.simple() || t.DataSizeIn < ipHeader {
		return run, abi.EINVAL
	}
	errno = firstErrno(func() abi.Errno { return t.readData(perfPage - headAndTail) }, func() abi.Errno { return t.readContext(hookStateSize) },
		t.checkHookState)
	if errno != abi.OK {
		return run, errno
	}
	context := make([]byte, hookStateSize)
	copy(context, t.context)
	return Run{Context: context, Data: t.data}, abi.OK
}

// checkHookState follows verify_and_copy_hook_state: a hook, a family of protocols, and no pointers. Packets that come in have an
// Ethernet header, which tells of the same family.
func (t *testRun) checkHookState() abi.Errno {
	const hook, family, pointers, inet, inet6, localOut, hooks = 0, 1, 8, 2, 10, 3, 6
	c := t.context
	switch {
	case c == nil:
		return abi.OK
	case !allZero(c[pointers:]), c[family] != inet && c[family] != inet6, c[hook] >= hooks:
		return abi.EINVAL
	case c[hook] == localOut:
		return abi.OK
	case len(t.data) < ethernetHeader+ipHeader:
		return abi.EINVAL
	}
	switch t.protocol() {
	case protocolIP:
		return errnoIf(c[family] != inet, abi.EINVAL)
	case protocolIP6:
		return errnoIf(c[family] != inet6 || len(t.data) < ethernetHeader+ip6Header, abi.EINVAL)
	}
	return abi.EPROTO
}

func errnoIf(wrong bool, errno abi.Errno) abi.Errno {
	if wrong {
		return errno
	}
	return abi.OK
}

func (t *testRun) finishNetfilter(ran Ran) abi.Errno { return t.writeData(nil, ran) }

// Struct bpf_sk_lookup, in bytes.
const (
	lookupSize      = 72
	lookupFamily    = 8
	lookupLocalPort = 60
)

// prepareSKLookup follows bpf_prog_test_run_sk_lookup.
func (t *testRun) prepareSKLookup() (run Run, errno abi.Errno) {
	const inet, inet6, highest = 2, 10, 1<<16 - 1
	if !t.simple() || t.DataIn != 0 || t.DataSizeIn != 0 || t.DataOut != 0 || t.DataSizeOut != 0 {
		return run, abi.EINVAL
	}
	if errno = t.readContext(lookupSize); errno != abi.OK {
		return run, errno
	}
	if t.context == nil || !allZero(t.context[:lookupFamily]) || !allZero(t.context[lookupLocalPort+4:]) {
		return run, abi.EINVAL
	}
	family := binary.LittleEndian.Uint32(t.context[lookupFamily:])
	switch {
	case binary.LittleEndian.Uint32(t.context[lookupLocalPort:]) > highest:
		return run, abi.ERANGE
	case family != inet && family != inet6:
		return run, abi.EAFNOSUPPORT
	}
	return Run{Context: t.context}, abi.OK
}

func (t *testRun) finishSKLookup(ran Ran) abi.Errno {
	if errno := t.writeData(nil, ran); errno != abi.OK {
		return errno
	}
	return t.writeContext()
}
