package campaign

import (
	"maps"
	"strings"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/program"
)

// fdinfoMutants are those of /proc/PID/fdinfo/FD. How much memory a map takes the model does not know.
var fdinfoMutants = map[string]mutant{
	"fdinfo: flags are decimal": {told: replaceLine("map_flags:\t0x", "map_flags:\t")},
	"fdinfo: every map is frozen": {told: func(text string) string {
		return strings.ReplaceAll(text, "frozen:\t0", "frozen:\t1")
	}},
	"fdinfo: a map of programs has no owner":     {told: replaceLine("owner_prog_type", "owner_type")},
	"fdinfo: the id of a map is one behind":      {told: replaceLine("map_id:\t", "map_id:\t1")},
	"fdinfo: two slots are two instructions":     {told: replaceLine("verified_insns:\t2", "verified_insns:\t3")},
	"fdinfo: a program takes two pages":          {told: replaceLine("memlock:\t4096\nprog_id", "memlock:\t8192\nprog_id")},
	"fdinfo: a detached link has its cgroup":     {told: replaceLine("cgroup_id:\t0", "cgroup_id:\t1")},
	"fdinfo: a link's program has another id":    {told: replaceLine("prog_id:\t1\ncgroup_id", "prog_id:\t2\ncgroup_id")},
	"fdinfo: types have no id":                   {told: replaceLine("btf_id", "id")},
	"fdinfo: a map's elements are not in memory": {told: replaceLine("memlock:\t", "memlock:\t1"), unjudged: true},
}

func init() { maps.Copy(mutants, fdinfoMutants) }

func replaceLine(from, to string) func(string) string {
	return func(text string) string { return strings.Replace(text, from, to, 1) }
}

// Do makes the event happen, and what it tells wrong.
func (k mutant) Do(cpu int, e program.Event) abi.Errno {
	errno := k.Sim.Do(cpu, e)
	if told, ok := e.(program.FDInfo); ok && errno == abi.OK && k.told != nil {
		k.Arena().Told(told.To, k.told(k.Arena().Text(told.To)))
	}
	return errno
}
