package bpftest

import "golang.org/x/sys/unix"

// inodeOf is the inode number of a file, which of a cgroup is its id.
func inodeOf(path string) (uint64, error) {
	var st unix.Stat_t
	err := unix.Stat(path, &st)
	return st.Ino, err
}
