package bpfsys

import (
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// inverse checks that decoding what was encoded gives the same arguments, and that all of them lie before the last
// field's end.
func inverse[T Args, P decoder[T]](t *testing.T) {
	t.Helper()
	var zero T
	t.Run(zero.Cmd().String(), rapid.MakeCheck(func(r *rapid.T) {
		want := rapid.Make[T]().Draw(r, "args")
		attr := want.Encode()
		var got T
		P(&got).Decode(attr[:])
		require.Equal(r, want, got)
		require.True(r, allZero(attr[attrEnd(want.Cmd()):]))
		byTable, ok := DecodeArgs(want.Cmd(), &attr)
		require.True(r, ok)
		require.Equal(r, Args(want), byTable)
	}))
}

func TestDecodeIsInverseOfEncode(t *testing.T) {
	inverse[MapCreate](t)
	inverse[MapLookupElem](t)
	inverse[MapUpdateElem](t)
	inverse[MapDeleteElem](t)
	inverse[MapGetNextKey](t)
	inverse[MapLookupAndDeleteElem](t)
	inverse[MapFreeze](t)
	inverse[MapLookupBatch](t)
	inverse[MapLookupAndDeleteBatch](t)
	inverse[MapUpdateBatch](t)
	inverse[MapDeleteBatch](t)
	inverse[ObjPin](t)
	inverse[ObjGet](t)
	inverse[ObjGetInfoByFD](t)
	inverse[MapGetNextID](t)
	inverse[MapGetFDByID](t)
	inverse[ProgLoad](t)
	inverse[MapDump](t)
}

func TestDecodeArgsOfUnsupportedCommands(t *testing.T) {
	for _, cmd := range []abi.Cmd{abi.BTFLoad, abi.NumLinuxCmds, 1 << 30} {
		_, ok := DecodeArgs(cmd, &Attr{})
		require.False(t, ok, "%s", cmd)
	}
}
