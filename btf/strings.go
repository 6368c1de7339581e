package btf

import "bytes"

const (
	maxNameOffset = 0xffffff
	maxName       = 512 // KSYM_NAME_LEN
)

// nameValid reports whether there is a string at an offset.
func (b *BTF) nameValid(offset uint32) bool {
	return offset <= maxNameOffset && int64(offset) < int64(len(b.strings))
}

// str is the string at an offset, nil when there is none. The section ends with a NUL.
func (b *BTF) str(offset uint32) []byte {
	if int64(offset) >= int64(len(b.strings)) {
		return nil
	}
	s, _, _ := bytes.Cut(b.strings[offset:], []byte{0})
	return s
}

// shown is how the log names what has its name at an offset.
func (b *BTF) shown(offset uint32) []byte {
	if offset == 0 {
		return []byte("(anon)")
	}
	if int64(offset) >= int64(len(b.strings)) {
		return []byte("(invalid-name-offset)")
	}
	return b.str(offset)
}

// identifier reports whether there is a name of C at an offset (btf_name_valid_identifier).
func (b *BTF) identifier(offset uint32) bool {
	name := b.str(offset)
	if len(name) == 0 || len(name) > maxName || !startsName(name[0]) {
		return false
	}
	for _, c := range name[1:] {
		if !startsName(c) && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}

// startsName: the kernel's isalpha counts the letters of Latin-1.
func startsName(c byte) bool {
	switch {
	case c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z', c == '_', c == '.':
		return true
	}
	return c >= 0xc0 && c != 0xd7 && c != 0xf7
}

// section reports whether there is a name of an ELF section at an offset (btf_name_valid_section).
func (b *BTF) section(offset uint32) bool {
	name := b.str(offset)
	if len(name) == 0 || len(name) > maxName {
		return false
	}
	for _, c := range name {
		if c < ' ' || c >= 0x7f && c < 0xa0 {
			return false
		}
	}
	return true
}
