package campaign

import (
	"maps"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/kernel"
	"github.com/bpfsim/bpfsim/proptest/program"
)

// structOpsMutants are those of maps of structs of functions.
var structOpsMutants = map[string]mutant{
	"a struct without functions is EINVAL":   {call: instead(createsOps(abi.ENOTSUPP, 0), abi.EINVAL)},
	"BTF that is no module's is ENOTSUPP":    {call: instead(createsOps(abi.EINVAL, abi.FlagVTypeBTFObjFD), abi.ENOTSUPP)},
	"no BTF of a module is EINVAL":           {call: instead(createsOps(abi.EBADF, abi.FlagVTypeBTFObjFD), abi.EINVAL)},
	"structs of functions take other shapes": {call: instead(createsOps(abi.EINVAL, 0), abi.ENOTSUPP)},
}

func init() { maps.Copy(mutants, structOpsMutants) }

// createsOps matches an errno of the creation of a STRUCT_OPS map with a flag.
func createsOps(errno abi.Errno, flag uint32) func(*kernel.Sim, program.Call, kernel.Outcome) bool {
	return func(k *kernel.Sim, c program.Call, o kernel.Outcome) bool {
		a := attrOf(k, c)
		return c.Cmd == abi.MapCreate && o.Errno == errno && a.Field(abi.CreateMapType, 4) == uint64(abi.StructOps) &&
			uint32(a.Field(abi.CreateMapFlags, 4))&abi.FlagVTypeBTFObjFD == flag
	}
}
