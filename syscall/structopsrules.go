package bpfsys

import (
	"bytes"
	"encoding/binary"
	"slices"

	"github.com/bpfsim/bpfsim/abi"
)

// opsRules are what the part of the kernel whose functions they are looks at (struct bpf_struct_ops).
type opsRules struct {
	// data are the members that are no functions and have a value, with what is wrong with one (init_member). nil means that the part of the
	// kernel is not known here, and all values pass.
	data map[string]func(value []byte) abi.Errno
	// absent are functions that no program can be; sleepers those whose programs may sleep, nil for all.
	absent, sleepers []string
	// complete tells whether all functions are there that must be (validate); nil for no such.
	complete func(has func(name string) bool) bool
	// name is the member by which registered ones are found; "" where there is one at most.
	name string
	// builtin are the names of the kernel's own.
	builtin []string
	// taken is what a second one of the same name gets.
	taken abi.Errno
	// refused is what every value gets.
	refused abi.Errno
	// updates tells whether one takes the place of another by LINK_UPDATE.
	updates bool
}

// opsRulesOf are those for a struct of functions.
func opsRulesOf(name string) opsRules {
	switch name {
	case "tcp_congestion_ops":
		return congestionRules
	case "bpf_dummy_ops":
		return opsRules{sleepers: []string{"test_sleepable"}, refused: abi.EOPNOTSUPP} // only BPF_PROG_TEST_RUN calls them
	}
	return opsRules{taken: abi.EBUSY}
}

// congestionRules are those of net/ipv4/bpf_tcp_ca.c and tcp_cong.c.
var congestionRules = opsRules{
	data: map[string]func([]byte) abi.Errno{
		"flags": func(value []byte) abi.Errno {
			const known = 31 // TCP_CONG_MASK
			return invalidUnless(len(value) == 4 && binary.NativeEndian.Uint32(value)&^known == 0)
		},
		"name": checkOpsName,
	},
	absent: []string{"get_info"},
	complete: func(has func(string) bool) bool {
		return has("ssthresh") && has("undo_cwnd") && (has("cong_avoid") || has("cong_control"))
	},
	name: "name", builtin: []string{"reno", "cubic"}, taken: abi.EEXIST, updates: true,
}

// checkOpsName: as the names of objects, and not empty.
func checkOpsName(value []byte) abi.Errno {
	n := bytes.IndexByte(value, 0)
	if n <= 0 {
		return abi.EINVAL
	}
	for _, b := range value[:n] {
		if !nameByte(b) {
			return abi.EINVAL
		}
	}
	return abi.OK
}

// takes is what check_member says of a program that shall be a function.
func (r *opsRules) takes(name string, sleeps bool) abi.Errno {
	switch {
	case slices.Contains(r.absent, name):
		return abi.ENOTSUPP
	case sleeps && r.sleepers != nil && !slices.Contains(r.sleepers, name):
		return abi.EINVAL
	}
	return abi.OK
}

// key is the name by which a value is registered.
func (k *opsKind) key(value []byte) string {
	for _, m := range k.members {
		if m.name == k.rules.name {
			name, _, _ := bytes.Cut(m.span.of(value), []byte{0})
			return string(name)
		}
	}
	return ""
}
