package replay_test

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/program"
	"github.com/bpfsim/bpfsim/recording"
	"github.com/bpfsim/bpfsim/recording/replay"
	"github.com/bpfsim/bpfsim/syscall"
)

// requireHidden masks a recording of which every call has a secret, and looks for it in what is left.
func requireHidden(t *testing.T, text string, secrets ...string) {
	t.Helper()
	out, err := os.ReadFile(masked(t, text))
	require.NoError(t, err)
	for _, secret := range secrets {
		for _, c := range calls(t, string(out)) {
			require.NotContains(t, c.String(), secret)
			require.NotContains(t, c.String(), hex.EncodeToString([]byte(secret)))
		}
	}
	was, is := calls(t, text), calls(t, string(out))
	require.Len(t, is, len(was))
	for i := range was {
		require.Equal(t, was[i].Errno, is[i].Errno, "%s", was[i])
	}
	report := run(t, string(out), new(replay.Bpfsim))
	require.Nil(t, report.Difference, "%v", report.Difference)
}

// An attr may end in a name, a name before its field does, and a buffer have what an earlier call wrote.
func TestMaskNames(t *testing.T) {
	s := newSession(t, 2)
	_, errno := s.doSized(bpfsys.MapCreate{Type: abi.Hash, KeySize: 8, ValueSize: 8, MaxEntries: 8, Name: bpfsys.NameOf("alices_map12")}, 40)
	require.Equal(t, abi.OK, errno)
	_, errno = s.do(bpfsys.MapCreate{Type: abi.Hash, KeySize: 8, ValueSize: 8, MaxEntries: 8, Name: [abi.NameLen]byte{'a', 0, 'a', 'l', 'i', 'c', 'e'}})
	require.Equal(t, abi.OK, errno)
	info := s.Arena.Alloc(abi.MapInfoSize)
	for range 2 {
		_, errno = s.do(bpfsys.ObjGetInfoByFD{FD: 3, Info: info, InfoLen: abi.MapInfoSize})
		require.Equal(t, abi.OK, errno)
	}
	require.NoError(t, s.writer.Close())
	requireHidden(t, s.file.String(), "alice")
}

// Keys that lie in values are hidden, as is what of the values is not in keys, and whatever count says.
func TestMaskOverlappingElements(t *testing.T) {
	s := newSession(t, 2)
	fd, errno := s.do(bpfsys.MapCreate{Type: abi.Hash, KeySize: 8, ValueSize: 8, MaxEntries: 8})
	require.Equal(t, abi.OK, errno)
	list := s.Arena.Put([]byte("alice000alice001alice002alice003"))
	for _, values := range []uint64{list, list + 4, list + 8} {
		_, errno = s.do(bpfsys.MapUpdateElem{FD: fd, Key: list, Value: values})
		require.Equal(t, abi.OK, errno)
		_, errno = s.do(bpfsys.MapUpdateBatch{FD: fd, Keys: list, Values: values, Count: 2})
		require.Equal(t, abi.OK, errno)
	}
	own := s.Arena.Put([]byte("alice006"))
	_, errno = s.do(bpfsys.MapUpdateElem{FD: fd, Key: own, Value: own})
	require.Equal(t, abi.OK, errno)
	_, errno = s.do(bpfsys.MapLookupElem{FD: fd, Key: s.Arena.Put([]byte("alice006")), Value: s.Arena.Alloc(8)})
	require.Equal(t, abi.OK, errno, "a key that is its value, too, is masked as any key")
	keys, values := s.Arena.Put([]byte("alice004")), s.Arena.Put([]byte("alice005"))
	s.do(bpfsys.MapUpdateBatch{FD: fd, Keys: keys, Values: values, Count: 1 << 20, ElemFlags: 99})
	s.do(bpfsys.MapUpdateBatch{FD: fd, Keys: keys, Values: values, Count: 1 << 20})
	require.NoError(t, s.writer.Close())
	requireHidden(t, s.file.String(), "alic", "lice0")
}

// Of maps whose keys or values refer to something, the other half is hidden.
func TestMaskOfMapsThatRefer(t *testing.T) {
	m := func(typ abi.MapType, key, value byte) []byte {
		b := make([]byte, abi.AttrSize)
		b[0], b[abi.CreateKeySize], b[abi.CreateValueSize] = byte(typ), key, value
		return b
	}
	update := make([]byte, abi.AttrSize)
	copy(update, []byte{3, 0, 0, 0, 0, 0, 0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0, 0, 0x20, 0, 0, 0, 0, 0, 0})
	for _, typ := range []abi.MapType{abi.SockHash, abi.SKStorage, abi.TaskStorage, abi.InodeStorage, abi.CgrpStorage} {
		t.Run(typ.String(), func(t *testing.T) {
			key, value, keySize := []byte{4, 0, 0, 0}, []byte("alicealice"), byte(4)
			if typ == abi.SockHash {
				key, value, keySize = []byte("alicealice"), []byte{4, 0, 0, 0}, 10
			}
			call := &recording.Call{Call: program.Call{Cmd: abi.MapUpdateElem, Attr: 0x9000, Size: abi.AttrSize, Contents: update,
				Memory: []program.Write{{Addr: 0x1000, Bytes: key}, {Addr: 0x2000, Bytes: value}}}, Told: []recording.Told{{Question: "fd:3", Answer: "map:1"}}}
			helped := recording.Help{Map: "map:1", Op: recording.HelpUpdate, Key: key, Value: value}.Event()
			text := saved(t, &recording.Call{Call: program.Call{Cmd: abi.MapCreate, Attr: 0x9000, Size: abi.AttrSize, Contents: m(typ, keySize, byte(len(value)))},
				Ret: 3, Told: []recording.Told{{Question: "new", Answer: "3,map:1"}}}, call, helped)
			out, err := os.ReadFile(masked(t, text))
			require.NoError(t, err)
			require.NotContains(t, string(out), hex.EncodeToString([]byte("alice")))
			require.Contains(t, string(out), "04000000", "what refers stays")
		})
	}
}

// saved is a recording of entries.
func saved(t *testing.T, entries ...any) string {
	t.Helper()
	h := recording.NewHeader()
	h.CPUs, h.Caps = 2, bpfsys.Root
	path := filepath.Join(t.TempDir(), "x.rec")
	require.NoError(t, recording.Save(path, h, entries))
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(text)
}

// Paths are hidden whatever is in them, and licenses but those of which the kernel knows what they are.
func TestMaskPathsAndLicenses(t *testing.T) {
	for _, path := range []string{"/home/alice/x", "/home/alice smith/x", "/home/ä=alice\"/x"} {
		answer, err := json.Marshal(recording.Executable{Path: path})
		require.NoError(t, err)
		call := &recording.Call{Call: program.Call{Cmd: abi.LinkCreate, Attr: 0x9000, Size: 8, Contents: make([]byte, 8),
			Memory: []program.Write{{Addr: 0x1000, Bytes: append([]byte{1, 2, 3}, path+"\x00"...)}}},
			Told: []recording.Told{{Question: recording.Question("executable", path), Answer: string(answer)}}}
		out, err := os.ReadFile(masked(t, saved(t, call)))
		require.NoError(t, err)
		require.NotContains(t, string(out), "alice")
		require.NotContains(t, string(out), hex.EncodeToString([]byte("alice")))
		c := calls(t, string(out))[0]
		var e recording.Executable
		require.NoError(t, json.Unmarshal([]byte(c.Told[0].Answer), &e))
		require.Equal(t, recording.Question("executable", e.Path), c.Told[0].Question)
		require.Equal(t, append([]byte{1, 2, 3}, e.Path+"\x00"...), c.Memory[0].Bytes)
	}
	for license, stays := range map[string]bool{"GPL": true, "Dual MIT/GPL": true, "Alice Inc": false} {
		attr := make([]byte, 24)
		attr[17] = 0x10
		call := &recording.Call{Call: program.Call{Cmd: abi.ProgLoad, Attr: 0x9000, Size: 24, Contents: attr,
			Memory: []program.Write{{Addr: 0x1000, Bytes: []byte(license + "\x00")}}}}
		out, err := os.ReadFile(masked(t, saved(t, call)))
		require.NoError(t, err)
		require.Equal(t, stays, string(calls(t, string(out))[0].Memory[0].Bytes) == license+"\x00", license)
	}
}

// Packets and what programs leave of them, and addresses of sockets, are hidden.
func TestMaskPacketsAndSockets(t *testing.T) {
	attr := make([]byte, abi.AttrSize)
	for name, value := range map[string]byte{"data_size_in": 10, "data_in": 0x10, "ctx_size_in": 10, "ctx_in": 0x20} {
		f, ok := abi.FieldOf(abi.ProgTestRun, name)
		require.True(t, ok)
		attr[f.Offset+f.Size/8] = value // sizes are below 256, addresses a multiple of it
	}
	ran, err := json.Marshal(recording.Ran{Stands: true, Context: []byte("alice"), Data: []byte("alice")})
	require.NoError(t, err)
	socket, err := json.Marshal(recording.Socket{Group: "udp:alice:53"})
	require.NoError(t, err)
	out, err := os.ReadFile(masked(t, saved(t, &recording.Call{
		Call: program.Call{Cmd: abi.ProgTestRun, Attr: 0x9000, Size: abi.AttrSize, Contents: attr,
			Memory: []program.Write{{Addr: 0x1000, Bytes: []byte("alicealice")}, {Addr: 0x2000, Bytes: []byte("alicealice")}}},
		Told: []recording.Told{{Question: "run", Answer: string(ran)}, {Question: "socket:3", Answer: string(socket)}}})))
	require.NoError(t, err)
	c := calls(t, string(out))[0]
	require.NotContains(t, c.String(), "alice")
	for _, w := range c.Memory {
		require.NotContains(t, string(w.Bytes), "alice")
	}
	var r recording.Ran
	require.NoError(t, json.Unmarshal([]byte(c.Told[0].Answer), &r))
	require.Len(t, r.Data, 5)
	require.NotContains(t, string(r.Context)+string(r.Data), "alice")
}
