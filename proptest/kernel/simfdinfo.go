package kernel

import (
	"fmt"
	"strings"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/program"
)

// FDInfo is what a kernel says of an open fd in /proc, for those who want to say something else.
func (k *Sim) FDInfo(fd int32) (text string, open bool) {
	file, open := k.files.Get(fd)
	if file == nil {
		return "", open
	}
	text = file.Object().FDInfo()
	if l := k.linkOf(fd); l != nil { // whose ids are numbers, as everywhere here
		text = strings.Replace(text, fmt.Sprintf("link_id:\t%d\n", l.ID()), fmt.Sprintf("link_id:\t%d\n", k.links.ours[l.ID()]), 1)
	}
	return text, open
}

// fdInfo is program.FDInfo.
func (k *Sim) fdInfo(e program.FDInfo) abi.Errno {
	text, open := k.FDInfo(e.FD)
	switch {
	case !open:
		return abi.ENOENT
	case !k.arena.Told(e.To, text):
		return abi.EFAULT
	}
	return abi.OK
}
