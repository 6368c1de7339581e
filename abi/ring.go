package abi

// A record of a ring buffer begins with a header of RingHeader bytes: the length with two bits, then, for the kernel's own
// use, the record's page in the ring (linux/bpf.h).
const (
	RingHeader  = 8
	RingBusy    = 1 << 31
	RingDiscard = 1 << 30
)

// Flags of the ring buffer helpers (BPF_RB_NO_WAKEUP, BPF_RB_FORCE_WAKEUP).
const (
	RingNoWakeup    uint64 = 1 << 0
	RingForceWakeup uint64 = 1 << 1
)

// What bpf_ringbuf_query is asked for.
const (
	RingAvailData uint64 = iota // bytes that were reserved and not consumed
	RingSize
	RingConsPos
	RingProdPos
)

// PollEvents are events of poll(2) and epoll(7), as the kernel reports them of BPF objects.
type PollEvents uint32

// The events of BPF objects.
const (
	PollIn  PollEvents = 0x001 | 0x040 // POLLIN, POLLRDNORM
	PollOut PollEvents = 0x004 | 0x100 // POLLOUT, POLLWRNORM
	PollErr PollEvents = 0x008
)
