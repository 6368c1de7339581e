package program

import (
	"bytes"
	"fmt"
	"strconv"
)

// FDInfo reads the part of /proc/self/fdinfo/FD that is about BPF, and writes it with a zero byte behind it to memory at To: ENOENT where
// FD is not open, EFAULT where it does not fit. It is empty for what is no bpf object.
type FDInfo struct {
	FD int32
	To uint64
}

func (FDInfo) event() {}

func (e FDInfo) text(w *writer) { w.printf("fdinfo fd=%d to=%s\n", e.FD, AddressText(e.To)) }

func init() {
	events["fdinfo"] = func(words []string) (Action, error) {
		texts, err := values(words, []string{"fd", "to"})
		if err != nil {
			return nil, fmt.Errorf("fdinfo: %w", err)
		}
		fd, err := strconv.ParseInt(texts[0], 10, 32)
		if err != nil {
			return nil, fmt.Errorf("fdinfo: %w", err)
		}
		to, err := parseAddress(texts[1])
		return FDInfo{FD: int32(fd), To: to}, err
	}
}

// Told writes text as FDInfo does, and reports whether it fits.
func (a *Arena) Told(to uint64, text string) bool {
	b := a.Span(to, len(text)+1, ToWrite)
	if len(b) <= len(text) {
		return false
	}
	copy(b, text+"\x00")
	return true
}

// Text is what Told has written at an address.
func (a *Arena) Text(at uint64) string {
	b := a.Span(at, ArenaSize, ToRead)
	return string(b[:max(bytes.IndexByte(b, 0), 0)])
}
