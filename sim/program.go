package sim

import (
	"github.com/bpfsim/bpfsim/maps"
	"github.com/bpfsim/bpfsim/syscall"
)

// Program is the task as a BPF program on its CPU. Each helper is a span (Mark).
func (t *Task) Program() bpfsys.Helpers { return bpfsys.Helpers{Task: &t.Kernel, Begun: t.Mark} }

// Map is the map behind an fd of the machine's process, nil when there is none; a program is loaded with it.
func (m *Machine) Map(fd int32) maps.Map {
	file, _ := m.User().Process.Files.Get(fd)
	if file == nil || file.Map() == nil {
		return nil
	}
	return file.Map().Elements()
}
