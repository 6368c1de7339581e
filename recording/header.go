package recording

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"strings"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/btf"
	"github.com/bpfsim/bpfsim/syscall"
)

// Version is that of the format that this package writes. It reads no other.
const Version = 1

// magic is what every recording begins with, and no other file.
const magic = "bpfsim-recording"

// Header is the first line: the machine on which the calls were answered.
type Header struct {
	Bpfsim  string   `json:"bpfsim"` // version
	Arch    string   `json:"arch"`   // GOARCH
	Order   string   `json:"order"`  // of the bytes of a number: little or big
	CPUs    int      `json:"cpus"`
	Command []string `json:"command,omitempty"`
	// Caps and UID are the callers'.
	Caps bpfsys.Caps `json:"caps"`
	UID  uint32      `json:"uid"`
	// Memory, Numbers and Probes are bpfsys.Options.
	Memory  uint64              `json:"memory,omitempty"`
	Numbers map[abi.Cmd]abi.Cmd `json:"numbers,omitempty"`
	Probes  bpfsys.Probes       `json:"probes,omitzero"`
	// Linux is the series of kernels as which bpfsim answered, "" for the latest.
	Linux string `json:"linux,omitempty"`
	// BPFFS is where the callers have their bpffs.
	BPFFS string `json:"bpffs,omitempty"`
	// Types is the SHA-256 of the kernel's own BTF, "" where there was none.
	Types string `json:"types,omitempty"`
	// Masked says that what is personal was replaced (replay.Mask).
	Masked bool `json:"masked,omitempty"`
}

// NewHeader is a header of this machine.
func NewHeader() Header { return Header{Arch: runtime.GOARCH, Order: byteOrder()} }

// HashTypes tells the types of one kernel from those of another (Header.Types).
func HashTypes(t *btf.BTF) string {
	if t == nil {
		return ""
	}
	sum := sha256.Sum256(t.Data())
	return hex.EncodeToString(sum[:])
}

func byteOrder() string {
	if binary.NativeEndian.Uint16([]byte{1, 0}) == 1 {
		return "little"
	}
	return "big"
}

func (h Header) line() (string, error) {
	text, err := json.Marshal(h)
	return fmt.Sprintf("%s %d %s", magic, Version, text), err
}

// errNoRecording is of a file that is something else.
var errNoRecording = errors.New("this is no recording: want a file that bpfsim run --record has written")

func parseHeader(line string) (h Header, err error) {
	rest, ok := strings.CutPrefix(line, magic+" ")
	if !ok {
		return h, errNoRecording
	}
	number, text, _ := strings.Cut(rest, " ")
	version, err := strconv.ParseUint(number, 10, 32)
	switch {
	case err != nil:
		return h, errNoRecording
	case version > Version:
		return h, fmt.Errorf("the recording has format %d, this bpfsim reads %d: take a newer bpfsim", version, Version)
	case version < Version:
		return h, fmt.Errorf("the recording has format %d, this bpfsim reads %d: take the bpfsim that wrote it", version, Version)
	}
	if err := json.Unmarshal([]byte(text), &h); err != nil {
		return h, fmt.Errorf("header: %w", err)
	}
	if h.Order != byteOrder() {
		return h, fmt.Errorf("the recording was made on %s, where numbers are %s-endian: replay it on such a machine", h.Arch, h.Order)
	}
	if h.CPUs < 1 || h.CPUs > maxCPUs {
		return h, fmt.Errorf("header: %d CPUs: want 1 to %d", h.CPUs, maxCPUs)
	}
	return h, nil
}

// maxCPUs is the largest CONFIG_NR_CPUS of x86 and arm64.
const maxCPUs = 8192
