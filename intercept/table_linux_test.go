//go:build linux && (amd64 || arm64)

package intercept

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// hostTables are the tables of a host with a bpffs of its own, and the private mount over it.
var hostTables = map[string][2]string{
	"mounts": {`sysfs /sys sysfs rw,relatime 0 0
bpf /sys/fs/bpf bpf rw,nosuid,nodev,noexec,relatime,mode=700 0 0
tmpfs /tmp tmpfs rw,size=4k 0 0
bpffs /sys/fs/bpf tmpfs rw,nosuid,nodev,noexec,relatime,size=4k,mode=1777,uid=1000,gid=1000,inode64 0 0
none /sys/fs/bpf tmpfs rw 0 0
`, `sysfs /sys sysfs rw,relatime 0 0
tmpfs /tmp tmpfs rw,size=4k 0 0
bpffs /sys/fs/bpf bpf rw,nosuid,nodev,noexec,relatime 0 0
none /sys/fs/bpf tmpfs rw 0 0
`},
	"mountinfo": {`20 1 0:21 / /sys/fs/bpf rw,relatime - bpf below rw
24 1 0:22 / /sys rw,relatime shared:7 - sysfs sysfs rw
30 24 0:22 /fs/bpf /sys/fs/bpf rw,relatime - sysfs sysfs rw
31 30 0:26 / /sys/fs/bpf rw,nosuid shared:9 - bpf bpf rw,mode=700
90 31 0:50 / /sys/fs/bpf rw,nosuid,nodev,noexec,relatime - tmpfs bpffs rw,size=4k,mode=1777,inode64
91 24 0:50 /d /mnt rw,nosuid,nodev,noexec,relatime - tmpfs bpffs rw,size=4k,mode=1777,inode64
`, `24 1 0:22 / /sys rw,relatime shared:7 - sysfs sysfs rw
90 24 0:50 / /sys/fs/bpf rw,nosuid,nodev,noexec,relatime - bpf bpffs rw
91 24 0:50 /d /mnt rw,nosuid,nodev,noexec,relatime - bpf bpffs rw
`},
	"mountstats": {`device sysfs mounted on /sys with fstype sysfs
device bpf mounted on /sys/fs/bpf with fstype bpf
device bpffs mounted on /sys/fs/bpf with fstype tmpfs
device host:/ mounted on /nfs with fstype nfs statvers=1.1
	opts:	rw
`, `device sysfs mounted on /sys with fstype sysfs
device bpffs mounted on /sys/fs/bpf with fstype bpf
device host:/ mounted on /nfs with fstype nfs statvers=1.1
	opts:	rw
`},
}

func TestTablesOfMounts(t *testing.T) {
	b := bpffs{dir: mountPoint, host: -1}
	for table, text := range hostTables {
		t.Run(table, func(t *testing.T) {
			require.Equal(t, text[1], b.showIn(table, text[0]))
			require.Equal(t, text[1], b.showIn(table, text[1]), "nothing to do")
		})
	}
}

// A directory of the host's gets a line of its own behind the others.
func TestTablesOfDirectory(t *testing.T) {
	b := bpffs{dir: "/tmp/a b", root: inode{dev: 0x1f}}
	before := "24 1 0:22 / / rw - ext4 x rw\n25 24 0:23 / /tmp rw - tmpfs x rw\n26 24 0:24 / /tmp/a rw - tmpfs x rw\n"
	again := "27 25 0:25 / /tmp rw - tmpfs over rw\n"
	require.Contains(t, b.showIn("mountinfo", before+again), "\n28 27 0:31 ", "of two mounts at a place the last one is seen")
	require.Equal(t, before+"27 25 0:31 / /tmp/a\\040b rw,relatime - bpf bpffs rw\n", b.showIn("mountinfo", before))
	require.Equal(t, "bpffs /tmp/a\\040b bpf rw,relatime 0 0\n", b.showIn("mounts", ""))
}
