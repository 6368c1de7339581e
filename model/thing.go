package model

import "github.com/bpfsim/bpfsim/abi"

// thing is what an fd refers to that is no bpf object. Sockets are told apart by number, in the order of their making.
type thing struct {
	what   string // as OpenThing was told
	socket int    // 0 for what is none
}

// socketKind is what maps of sockets say of a kind of socket (measured on 6.18).
type socketKind struct {
	sockMap bool      // fit for SOCKMAP and SOCKHASH
	group   abi.Errno // of REUSEPORT_SOCKARRAY
}

// socketKinds are the sockets that OpenThing knows.
var socketKinds = map[string]socketKind{
	"tcp":           {false, abi.EINVAL},
	"tcp-listening": {true, abi.EINVAL},
	"tcp-connected": {true, abi.EINVAL},
	"tcp-group":     {true, abi.OK},
	"udp":           {false, abi.EINVAL},
	"udp-bound":     {true, abi.EINVAL},
	"udp-group":     {true, abi.OK},
	"unix":          {false, abi.ENOTSUPP},
	"unix-pair":     {true, abi.ENOTSUPP},
	"unix-datagram": {true, abi.ENOTSUPP},
}

// OpenThing tells that fd refers now to something that is no bpf object: a new socket of one of socketKinds, the directory of a
// "cgroup", a "task", or one that has ended, "task-ended", the network namespace, "netns"; of each of the latter there is one.
func (s *State) OpenThing(fd int32, what string) *State {
	next := *s
	t := &thing{what: what}
	if _, socket := socketKinds[what]; socket {
		next.sockets++
		t.socket = next.sockets
	}
	next.replace(fd, &description{thing: t})
	return &next
}

// lose takes a socket that is closed out of its maps (sock_map_close and reuseport_detach_sock). Only for a state that nobody else has
// yet.
func (s *State) lose(t *thing) {
	if t == nil || t.socket == 0 {
		return
	}
	for i, o := range s.objects {
		if r, ok := o.table.(socketHolder); ok && r.holds(t.socket) {
			s.alone(i).table.(socketHolder).drop(t.socket)
		}
	}
}

// socketHolder is a table with elements that go when a socket does.
type socketHolder interface {
	holds(socket int) bool
	drop(socket int)
}

// user reports whether maps of sockets, or an array of a reuseport group, have the socket.
func (s *State) user(socket int) (mapped, grouped bool) {
	for _, o := range s.objects {
		r, ok := o.table.(*references)
		if !ok || !r.holds(socket) {
			continue
		}
		if o.kind == abi.ReusePortSockArray {
			grouped = true
		} else {
			mapped = true
		}
	}
	return mapped, grouped
}
