package main

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/bpfsim/bpfsim/btf"
	"github.com/bpfsim/bpfsim/intercept"
	"github.com/bpfsim/bpfsim/recording"
	"github.com/bpfsim/bpfsim/syscall"
)

// recordTo has the calls of a run recorded, by a kernel that is like this one, and returns what ends the recording.
func (f runFlags) recordTo(o *intercept.Options, kernel *bpfsys.Options, refused *refusals) (func() error, error) {
	h := recording.NewHeader()
	h.Bpfsim, h.CPUs, h.Command, h.Caps, h.UID, h.BPFFS = version(), o.CPUs, o.Args, o.Caps, o.CallerUID(), o.BPFFS
	h.Memory, h.Numbers, h.Probes, h.Types = kernel.Memory, kernel.Numbers, kernel.Probes, typesHash(kernel.BTF)
	h.Linux = f.linux
	w, err := recording.Create(f.record, h)
	if err != nil {
		return nil, err
	}
	w.Failed = func(err error) { refused.say("the recording ends here: " + err.Error()) }
	o.Record = recording.NewRecorder(w, kernel.Now)
	kernel.Now, kernel.ZeroSeeds = o.Record.Now, true
	return w.Close, nil
}

// typesHash tells the types of one kernel from those of another; "" for none.
func typesHash(types func() *btf.BTF) string {
	t := types()
	if t == nil {
		return ""
	}
	sum := sha256.Sum256(t.Data())
	return hex.EncodeToString(sum[:])
}
