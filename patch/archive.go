package patch

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"strconv"
	"strings"
)

// importsOf are the packages that a compiled one imports. Its archive is that of ar(1), and the object in it as cmd/internal/goobj has it: a header
// with the offsets of blocks, the first of which lists imports.
func importsOf(file string) (paths []string, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	object, err := objectIn(text)
	if err != nil {
		return nil, err
	}
	const offsets, entry = 8 + 8 + 4, 8 + 8 // behind magic, fingerprint and flags; the length and place of a name, and a fingerprint
	from, to := wordAt(object, offsets), wordAt(object, offsets+4)
	for ; from+entry <= to; from += entry {
		length, start := wordAt(object, from), wordAt(object, from+4)
		if start+length > len(object) {
			return nil, errObject
		}
		paths = append(paths, string(object[start:start+length]))
	}
	return paths, nil
}

var errObject = errors.New("its object file is of a form that is not known")

// wordAt is 0 behind the end.
func wordAt(object []byte, at int) int {
	if at+4 > len(object) {
		return 0
	}
	return int(binary.LittleEndian.Uint32(object[at:]))
}

// objectIn finds the compiler's object in an archive.
func objectIn(archive []byte) ([]byte, error) {
	const magic, header, name, size = "!<arch>\n", 60, 16, 48
	rest, ok := bytes.CutPrefix(archive, []byte(magic))
	for ok && len(rest) >= header {
		length, err := strconv.Atoi(strings.TrimSpace(string(rest[size : size+10])))
		if err != nil || length < 0 || header+length > len(rest) {
			return nil, errObject
		}
		if strings.TrimSpace(string(rest[:name])) == "_go_.o" {
			return goObject(rest[header : header+length])
		}
		rest = rest[min(header+length+length%2, len(rest)):]
	}
	return nil, errObject
}

// goObject is what stands behind the lines that tell by which compiler it was made.
func goObject(member []byte) ([]byte, error) {
	const magic = "\x00go120ld"
	_, object, found := bytes.Cut(member, []byte("\n!\n"))
	if !found || !bytes.HasPrefix(object, []byte(magic)) {
		return nil, errObject
	}
	return object, nil
}
