package campaign_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/campaign"
	"github.com/bpfsim/bpfsim/proptest/kernel"
)

// elementErrnos are those that every command on an element can give.
var elementErrnos = []abi.Errno{abi.OK, abi.EPERM, abi.ENOENT, abi.E2BIG, abi.EBADF, abi.EFAULT, abi.EINVAL}

// batchErrnos are those that every batch command can give.
var batchErrnos = []abi.Errno{abi.OK, abi.EPERM, abi.E2BIG, abi.EBADF, abi.EFAULT, abi.EINVAL, abi.ENOTSUPP}

// ownDumpErrnos are those of the dumps that can copy whole buckets.
var ownDumpErrnos = []abi.Errno{
	abi.OK, abi.EPERM, abi.ENOENT, abi.E2BIG, abi.EBADF, abi.EFAULT, abi.EINVAL, abi.ENOSPC, abi.ENOTSUPP,
}

// reachable are the answers that programs must meet, by command.
var reachable = map[abi.Cmd][]abi.Errno{
	abi.MapCreate: {
		abi.OK, abi.EPERM, abi.E2BIG, abi.EBADF, abi.EACCES, abi.EFAULT, abi.EINVAL, abi.EOPNOTSUPP, abi.ENOTSUPP,
	},
	abi.MapLookupElem:           elementErrnos,
	abi.MapUpdateElem:           append(elementErrnos[:len(elementErrnos):len(elementErrnos)], abi.EEXIST),
	abi.MapDeleteElem:           elementErrnos,
	abi.MapGetNextKey:           elementErrnos,
	abi.MapLookupAndDeleteElem:  append(elementErrnos[:len(elementErrnos):len(elementErrnos)], abi.ENOTSUPP),
	abi.MapFreeze:               {abi.OK, abi.EPERM, abi.EBADF, abi.EINVAL, abi.ENOTSUPP},
	abi.BTFLoad:                 {abi.OK, abi.EPERM, abi.ENOENT, abi.E2BIG, abi.EFAULT, abi.EINVAL, abi.ENOSPC},
	abi.BTFGetFDByID:            {abi.OK, abi.EPERM, abi.ENOENT, abi.E2BIG, abi.EFAULT, abi.EINVAL},
	abi.BTFGetNextID:            {abi.OK, abi.EPERM, abi.ENOENT, abi.E2BIG, abi.EINVAL},
	abi.MapLookupBatch:          append(batchErrnos[:len(batchErrnos):len(batchErrnos)], abi.ENOENT, abi.ENOSPC),
	abi.MapLookupAndDeleteBatch: append(batchErrnos[:len(batchErrnos):len(batchErrnos)], abi.ENOENT, abi.ENOSPC),
	abi.MapUpdateBatch:          batchErrnos,
	abi.MapDeleteBatch:          append(batchErrnos[:len(batchErrnos):len(batchErrnos)], abi.ENOENT),
	abi.ObjGetInfoByFD:          {abi.OK, abi.ENOSPC, abi.E2BIG, abi.EFAULT, abi.EINVAL, abi.EBADFD},
	abi.MapGetNextID:            {abi.OK, abi.EPERM, abi.ENOENT, abi.E2BIG, abi.EFAULT, abi.EINVAL},
	abi.MapGetFDByID:            {abi.OK, abi.EPERM, abi.ENOENT, abi.E2BIG, abi.EFAULT, abi.EINVAL},
	abi.ObjPin:                  {abi.OK, abi.EPERM, abi.ENOENT, abi.E2BIG, abi.EFAULT, abi.EEXIST, abi.ENOTDIR, abi.EINVAL},
	abi.ObjGet:                  {abi.OK, abi.ENOENT, abi.E2BIG, abi.EACCES, abi.EFAULT, abi.ENOTDIR, abi.EINVAL},
	abi.MapDump: {
		abi.OK, abi.EPERM, abi.ENOENT, abi.E2BIG, abi.EBADF, abi.EFAULT, abi.EINVAL, abi.ENOTSUPP,
	},
	abi.ProgLoad: {
		abi.OK, abi.EPERM, abi.E2BIG, abi.EBADF, abi.EFAULT, abi.EINVAL, abi.EPROTO, abi.EOPNOTSUPP, abi.ENOTSUPP,
	},
	abi.ProgBindMap:       {abi.OK, abi.EBADF, abi.EINVAL},
	abi.ProgAttach:        {abi.OK, abi.EPERM, abi.ENOENT, abi.EBADF, abi.EINVAL, abi.ESTALE},
	abi.ProgDetach:        {abi.OK, abi.ENOENT, abi.EBADF, abi.EINVAL, abi.ESTALE},
	abi.ProgQuery:         {abi.OK, abi.EPERM, abi.EBADF, abi.EFAULT, abi.EINVAL, abi.ENOSPC},
	abi.LinkCreate:        {abi.OK, abi.EPERM, abi.ENOENT, abi.E2BIG, abi.EBADF, abi.EFAULT, abi.EINVAL, abi.ESTALE},
	abi.LinkUpdate:        {abi.OK, abi.EPERM, abi.EBADF, abi.EINVAL, abi.ENOLINK},
	abi.LinkDetach:        {abi.OK, abi.EBADF, abi.EINVAL, abi.EOPNOTSUPP},
	abi.LinkGetNextID:     {abi.OK, abi.ENOENT},
	abi.LinkGetFDByID:     {abi.OK, abi.ENOENT},
	abi.ProgGetNextID:     {abi.OK, abi.EPERM, abi.ENOENT, abi.E2BIG, abi.EFAULT, abi.EINVAL},
	abi.ProgGetFDByID:     {abi.OK, abi.EPERM, abi.ENOENT, abi.E2BIG, abi.EFAULT, abi.EINVAL},
	abi.IterCreate:        {abi.EBADF, abi.EINVAL},
	abi.RawTracepointOpen: {abi.OK, abi.ENOENT, abi.EBADF, abi.EFAULT, abi.EINVAL},
	abi.PerfEventOpen: {
		abi.OK, abi.EPERM, abi.ENOENT, abi.ESRCH, abi.E2BIG, abi.EBADF, abi.EACCES, abi.EFAULT, abi.EINVAL, abi.EOPNOTSUPP,
	},
	abi.PerfIoctl: {
		abi.OK, abi.E2BIG, abi.EBADF, abi.EFAULT, abi.EEXIST, abi.EINVAL, abi.ENOTTY, abi.ENOSPC,
	},
	abi.MapDumpJuly:      ownDumpErrnos,
	abi.MapDumpAndDelete: ownDumpErrnos,
	abi.NumLinuxCmds:     {abi.E2BIG, abi.EFAULT, abi.EINVAL},
}

func TestProgramsReachEveryAnswer(t *testing.T) {
	r, err := campaign.Run(t.Context(), campaign.Options{
		Seed: 5, Ops: 300_000, CPUs: 2, Kernels: []kernel.Kernel{kernel.NewSim()},
	})
	require.NoError(t, err)
	require.Empty(t, r.Mismatches)
	calls := r.Calls()
	for cmd, errnos := range reachable {
		for _, errno := range errnos {
			require.Positive(t, calls[cmd][errno], "%s never gave %s\n%s", cmd, errno, r)
		}
	}
	require.Greater(t, r.Evictions, 10_000)
	require.Greater(t, r.Walks, 10_000)
}
