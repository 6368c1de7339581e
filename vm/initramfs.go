package vm

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/cavaliergopher/cpio"
)

// argsPath is where the guest finds its arguments: a kernel command line would split them at spaces.
const argsPath = "args"

// writeInitramfs writes a newc archive (Linux: Documentation/driver-api/early-userspace/buffer-format.rst) with the
// static binary init as /init. It is not compressed: software emulation takes longer to unpack than to read.
func writeInitramfs(w io.Writer, init string, args []string) error {
	archive := cpio.NewWriter(w)
	for _, dir := range []string{"proc", "sys", "dev", "tmp"} {
		if err := archive.WriteHeader(&cpio.Header{Name: dir, Mode: cpio.TypeDir | 0o755}); err != nil {
			return fmt.Errorf("write initramfs: %w", err)
		}
	}
	if err := addInit(archive, init); err != nil {
		return fmt.Errorf("write initramfs: %w", err)
	}
	if err := addFile(archive, argsPath, 0o644, encodeArgs(args)); err != nil {
		return fmt.Errorf("write initramfs: %w", err)
	}
	return archive.Close()
}

func addInit(archive *cpio.Writer, path string) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return addFile(archive, "init", 0o755, string(content))
}

func addFile(archive *cpio.Writer, name string, mode cpio.FileMode, content string) error {
	header := &cpio.Header{Name: name, Mode: cpio.TypeReg | mode, Size: int64(len(content))}
	if err := archive.WriteHeader(header); err != nil {
		return err
	}
	_, err := io.WriteString(archive, content)
	return err
}

// encodeArgs ends each argument with a NUL, as execve's strings end.
func encodeArgs(args []string) string {
	var b strings.Builder
	for _, arg := range args {
		b.WriteString(arg)
		b.WriteByte(0)
	}
	return b.String()
}

func decodeArgs(content string) []string {
	if content == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(content, "\x00"), "\x00")
}
