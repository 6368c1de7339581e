package live

import (
	"strings"

	"github.com/anishathalye/porcupine"

	"github.com/bpfsim/bpfsim/abi"
)

// element says what one key of a HASH, LRU_HASH or ARRAY does, when one operation follows the other. Its state is the
// value, "" where there is none. No map in these tests can be full.
func element(kind abi.MapType, valueBytes int) porcupine.Model {
	step, start := hashStep, ""
	if kind == abi.Array {
		step, start = arrayStep, ValueOf(0, valueBytes)
	}
	return porcupine.Model{
		Partition: byKey,
		Init:      func() any { return start },
		Step: func(state, input, output any) (bool, any) {
			want, next := step(state.(string), input.(operation))
			return want == output.(outcome), next
		},
	}
}

func byKey(history []porcupine.Operation) [][]porcupine.Operation {
	var keys []string
	ofKey := make(map[string][]porcupine.Operation)
	for _, op := range history {
		key := op.Input.(operation).key
		if ofKey[key] == nil {
			keys = append(keys, key)
		}
		ofKey[key] = append(ofKey[key], op)
	}
	var parts [][]porcupine.Operation
	for _, key := range keys {
		parts = append(parts, ofKey[key])
	}
	return parts
}

func hashStep(value string, op operation) (want outcome, next string) {
	absent := value == ""
	switch {
	case absent && op.verb != "update" && op.verb != "insert":
		return outcome{errno: abi.ENOENT}, ""
	case !absent && op.verb == "insert":
		return outcome{errno: abi.EEXIST}, value
	}
	switch op.verb {
	case "lookup":
		return outcome{value: value}, value
	case "take":
		return outcome{value: value}, ""
	case "delete":
		return outcome{}, ""
	}
	return outcome{}, op.value
}

// arrayStep: an index is always there and cannot go.
func arrayStep(value string, op operation) (want outcome, next string) {
	switch op.verb {
	case "lookup":
		return outcome{value: value}, value
	case "update", "replace":
		return outcome{}, op.value
	case "insert":
		return outcome{errno: abi.EEXIST}, value
	case "delete":
		return outcome{errno: abi.EINVAL}, value
	}
	return outcome{errno: abi.ENOTSUPP}, value
}

// sequence says what a QUEUE or STACK with room for some values of 8 bytes does. Its state is the values, oldest first.
func sequence(kind abi.MapType, room int) porcupine.Model {
	return porcupine.Model{
		Init: func() any { return "" },
		Step: func(state, input, output any) (bool, any) {
			want, next := sequenceStep(kind, room, state.(string), input.(operation))
			return want == output.(outcome), next
		},
	}
}

func sequenceStep(kind abi.MapType, room int, values string, op operation) (want outcome, next string) {
	const size = 8
	full := len(values) == room*size
	switch {
	case op.verb == "push over" && full:
		return outcome{}, values[size:] + op.value
	case op.verb == "push" && full:
		return outcome{errno: abi.E2BIG}, values
	case strings.HasPrefix(op.verb, "push"):
		return outcome{}, values + op.value
	case values == "":
		return outcome{errno: abi.ENOENT}, values
	}
	first, rest := values[:size], values[size:]
	if kind == abi.Stack {
		first, rest = values[len(values)-size:], values[:len(values)-size]
	}
	if op.verb == "peek" {
		rest = values
	}
	return outcome{value: first}, rest
}
