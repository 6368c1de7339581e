package semantics

import (
	"bytes"
	"fmt"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/program"
)

// infoFields are the fields of struct bpf_map_info, by the names that statements call them.
var infoFields = map[string]struct{ at, size int }{
	"type": {abi.MapInfoType, 4}, "id": {abi.MapInfoID, 4}, "key_size": {abi.MapInfoKeySize, 4}, "value_size": {abi.MapInfoValueSize, 4},
	"max_entries": {abi.MapInfoMaxEntries, 4}, "map_flags": {abi.MapInfoMapFlags, 4}, "name": {abi.MapInfoName, abi.NameLen},
	"map_extra": {abi.MapInfoMapExtra, 8},
}

// checkField compares a named field; "written" asks only that it was.
func (r *Session) checkField(c *Call, got Result, t Setting) (string, error) {
	field, at, size := t.Field, 0, 4
	if place, known := infoFields[t.Field]; known && c.Cmd == abi.ObjGetInfoByFD {
		field, at, size = "info", place.at, place.size
	}
	b, has := got.Fields[field]
	switch {
	case t.Text == "written" && !got.Wrote[field]:
		return field + " was not written", nil
	case t.Text == "written":
		return "", nil
	case !has && field == "out_batch": // whoever has no memory need not say what its cursors look like
		return "", nil
	case !has || len(b) < at+size:
		return field + " was not given back", nil
	case field == "next_key", field == "prev_key", field == "value":
		return r.compare(c, field, b, t.Text)
	case t.Field == "name":
		if have := string(bytes.TrimRight(b[at:at+size], "\x00")); have != t.Text {
			return fmt.Sprintf("want name %q, got %q", t.Text, have), nil
		}
		return "", nil
	}
	return r.checkNumber(t, program.Word(b[at:at+size]))
}

func (r *Session) checkNumber(t Setting, have uint64) (string, error) {
	field := t.Field
	if field == "type" {
		field = "map_type"
	}
	want, err := r.scope.number(field, t.Text)
	if err != nil || have == want {
		return "", err
	}
	return fmt.Sprintf("want %s=%s, got %d", t.Field, t.Text, have), nil
}
