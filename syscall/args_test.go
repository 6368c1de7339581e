package bpfsys

import (
	"os"
	"os/exec"
	"path/filepath"
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
	inverse[BTFLoad](t)
	inverse[BTFGetFDByID](t)
	inverse[BTFGetNextID](t)
	inverse[ProgAttach](t)
	inverse[ProgDetach](t)
	inverse[ProgQuery](t)
	inverse[RawTracepointOpen](t)
	inverse[TaskFDQuery](t)
	inverse[LinkCreate](t)
	inverse[LinkUpdate](t)
	inverse[LinkGetFDByID](t)
	inverse[LinkGetNextID](t)
	inverse[IterCreate](t)
	inverse[LinkDetach](t)
	inverse[MapDump](t)
	inverse[MapDumpJuly](t)
	inverse[MapDumpAndDelete](t)
}

func TestDecodeArgsOfUnsupportedCommands(t *testing.T) {
	for _, cmd := range []abi.Cmd{abi.EnableStats, abi.NumLinuxCmds, 1 << 30} {
		_, ok := DecodeArgs(cmd, &Attr{})
		require.False(t, ok, "%s", cmd)
	}
}

// The committed code is what the table and the tags give.
func TestGeneratedCodeIsUpToDate(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a program")
	}
	fresh := filepath.Join(t.TempDir(), "code") // go run takes names in .go for its own
	out, err := exec.Command("go", "run", "attr_codegen.go", fresh).CombinedOutput()
	require.NoError(t, err, "%s", out)
	want, err := os.ReadFile(fresh)
	require.NoError(t, err)
	got, err := os.ReadFile("attr_code.go")
	require.NoError(t, err)
	require.Equal(t, string(want), string(got), "run go generate ./syscall")
}
