package main

import (
	"github.com/bpfsim/bpfsim/intercept"
	"github.com/bpfsim/bpfsim/recording"
	"github.com/bpfsim/bpfsim/syscall"
)

// recordTo has the calls of a run recorded, by a kernel that is like this one, and returns what ends the recording.
func (f runFlags) recordTo(o *intercept.Options, kernel *bpfsys.Options, refused *refusals) (func() error, error) {
	h := recording.NewHeader()
	h.Bpfsim, h.CPUs, h.Command, h.Caps, h.UID, h.BPFFS = version(), o.CPUs, o.Args, o.Caps, o.CallerUID(), o.BPFFS
	h.Memory, h.Numbers, h.Probes, h.Types = kernel.Memory, kernel.Numbers, kernel.Probes, recording.HashTypes(kernel.BTF())
	h.Linux = f.linux
	w, err := recording.Create(f.record, h)
	if err != nil {
		return nil, err
	}
	w.Failed = func(err error) { refused.say("the recording ends here: " + err.Error()) }
	r := recording.NewRecorder(w, kernel.Now)
	o.Record = func(*bpfsys.Kernel) *recording.Recorder { return r }
	kernel.Now, kernel.ZeroSeeds = r.Now, true
	return w.Close, nil
}
