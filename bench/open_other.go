//go:build !linux

package bench

import "os"

const (
	forReading = os.O_RDONLY
	forWriting = os.O_RDWR
)

func openClose(path string, how int) error {
	f, err := os.OpenFile(path, how, 0)
	if err != nil {
		return err
	}
	return f.Close()
}
