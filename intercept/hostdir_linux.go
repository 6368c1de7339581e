package intercept

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// pinMark is the extended attribute of pins in a directory of the host's: it tells them from other files when a
// supervisor died before it could remove them. File systems without such attributes go without.
const pinMark = "user.bpfsim.pin"

func markPin(file int) { _ = unix.Fsetxattr(file, pinMark, []byte{1}, 0) }

// takeDirectory opens a directory of the host's that shall be a bpffs, and removes the pins of supervisors that died.
// Each supervisor holds a shared lock on its directory, so that whoever gets the exclusive one is alone.
func takeDirectory(root int) (int, error) {
	dir, err := unix.Open(self(root), unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("open bpffs directory: %w", err)
	}
	if unix.Flock(dir, unix.LOCK_EX|unix.LOCK_NB) == nil {
		removeFiles(dir, isStale)
	}
	_ = unix.Flock(dir, unix.LOCK_SH|unix.LOCK_NB)
	return dir, nil
}

// isStale reports whether a file is a pin left behind; what somebody has written to is theirs.
func isStale(file int, st *unix.Stat_t) bool {
	_, err := unix.Getxattr(self(file), pinMark, nil)
	return err == nil && st.Size == 0
}

// removeFiles unlinks the files below dir that are to go. What cannot be read stays.
func removeFiles(dir int, toGo func(file int, st *unix.Stat_t) bool) {
	_ = filepath.WalkDir(self(dir)+"/", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() && isToGo(path, toGo) {
			_ = os.Remove(path)
		}
		return nil
	})
}

func isToGo(path string, toGo func(file int, st *unix.Stat_t) bool) bool {
	file, err := unix.Open(path, openHandle|unix.O_NOFOLLOW, 0)
	if err != nil {
		return false
	}
	defer unix.Close(file)
	var st unix.Stat_t
	return unix.Fstat(file, &st) == nil && toGo(file, &st)
}
