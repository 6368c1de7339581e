package campaign_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/proptest/campaign"
	"github.com/bpfsim/bpfsim/proptest/kernel"
	"github.com/bpfsim/bpfsim/proptest/program"
)

// names is one name of each kind in the tree that planted makes.
var names = []string{
	"", "/", "/a", "/a/", "/b", "/a/n", "/d", "/d/", "/d/.", "/d/..", "/d/p", "/d/../a", "/d/f", "/d/f/", "/d/f/n", "/e", "/n", "/n/",
	"/n/n", "/x.y", "/d/x.y", "/d/./f", "//a",
}

const planted = `machine cpus=2 bpf=true sysadmin=true
cpu0 BPF_MAP_CREATE @0 size=72 { map_type=2 key_size=4 value_size=4 max_entries=1 } -> 500
cpu0 mkdir path="/sys/fs/bpf/d"
cpu0 mkdir path="/sys/fs/bpf/d/f"
cpu0 mkdir path="/sys/fs/bpf/e"
cpu0 BPF_OBJ_PIN @0 size=16 { pathname=@100 bpf_fd=500 } @100=2f7379732f66732f6270662f6100
cpu0 BPF_OBJ_PIN @0 size=16 { pathname=@100 bpf_fd=500 } @100=2f7379732f66732f6270662f6200
cpu0 BPF_OBJ_PIN @0 size=16 { pathname=@100 bpf_fd=500 } @100=2f7379732f66732f6270662f642f7000
`

// looked opens whatever may be a pin afterwards, so that a move to the wrong place shows.
var looked = func() (text string) {
	for i, name := range []string{"/a", "/b", "/n", "/d/p", "/d/n", "/d/f", "/d/f/n", "/e", "/e/p", "/n/p"} {
		text += fmt.Sprintf("cpu0 BPF_OBJ_GET @0 size=16 { pathname=@100 } @100=%x -> %d\n", "/sys/fs/bpf"+name+"\x00", 510+i)
	}
	return text
}()

// treePrograms move each name to each other one, and remove and make each.
func treePrograms(t *testing.T) []program.Program {
	var programs []program.Program
	add := func(format string, args ...any) {
		p, err := program.Parse(planted + fmt.Sprintf("cpu0 "+format+"\n", args...) + looked)
		require.NoError(t, err)
		programs = append(programs, p)
	}
	for _, from := range names {
		for _, verb := range []string{"mkdir", "rmdir", "unlink"} {
			add("%s path=%q", verb, "/sys/fs/bpf"+from)
		}
		for _, to := range names {
			add("rename from=%q to=%q", "/sys/fs/bpf"+from, "/sys/fs/bpf"+to)
		}
	}
	return programs
}

func TestTreeAgainstModel(t *testing.T) {
	for _, p := range treePrograms(t) {
		requireEqual(t, p, kernel.NewSim())
	}
}

func TestTreeAgainstLinux(t *testing.T) {
	k := campaign.OpenLinux(t)
	for _, p := range treePrograms(t) {
		requireEqual(t, moved(p, k.CPUs()), k, kernel.NewSim())
	}
}

// A program that a real kernel runs must not leave the bpffs.
func TestPathsStayOnTheBPFFS(t *testing.T) {
	for _, path := range []string{
		"/etc/passwd", "", "sys/fs/bpf/a", "/sys/fs/bpfx", "/sys/fs/bpf/..", "/sys/fs/bpf/../../../etc/passwd",
		"/sys/fs/bpf/d/../../x", "/sys/fs/bpf/d/.././..//",
	} {
		for _, step := range []string{"mkdir path=%q", "rmdir path=%q", "unlink path=%q", "rename from=%q to=\"/sys/fs/bpf/a\"", "rename from=\"/sys/fs/bpf/a\" to=%q"} {
			p, err := program.Parse("machine cpus=2 bpf=true sysadmin=true\ncpu0 " + fmt.Sprintf(step, path))
			require.NoError(t, err)
			_, err = campaign.Compare(p, kernel.NewSim())
			require.ErrorContains(t, err, "is not below /sys/fs/bpf", step, path)
		}
	}
}
