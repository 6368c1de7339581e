package model

import "fmt"

// Operation is what somebody but the walk did to one key, or the map by itself, and what came of it.
type Operation struct {
	Start, End int64
	Key        string
	Effect     Effect
	// Value is what the key has now or, where Effect is Took, what it had.
	Value string
	// Size, unless 0, is the bytes of a value of which Value is the part that begins at Offset: of a per-CPU type.
	Offset, Size int
}

// Effect is what an operation that took effect at one instant found there, and left.
type Effect uint8

const (
	// Put: the key has a value now, whether or not it was there.
	Put Effect = iota
	// Added: it was not there, and has a value now (BPF_NOEXIST).
	Added
	// Overwrote: it was there, and has another value now (BPF_EXIST, or a write through the pointer of a lookup).
	Overwrote
	// Removed: it was there, and is not any more; evictions are such too.
	Removed
	// Took is Removed by somebody who was told the value that it had.
	Took
	// FoundPresent: it was there, and stays (EEXIST).
	FoundPresent
	// FoundAbsent: it was not there, and stays away (ENOENT).
	FoundAbsent
	// FoundFull is FoundAbsent for want of room.
	FoundFull
)

// content is what a key holds at an instant.
type content struct {
	there bool
	value string
}

// apply is what before becomes by the operation, false where it cannot have happened there.
func (o Operation) apply(before content) (after content, ok bool) {
	switch o.Effect {
	case Put:
		return content{true, o.over(before)}, true
	case Added:
		return content{true, o.over(before)}, !before.there
	case Overwrote:
		return content{true, o.over(before)}, before.there
	case Removed:
		return content{}, before.there
	case Took:
		return content{}, before == content{true, o.Value}
	case FoundPresent:
		return before, before.there
	}
	return before, !before.there
}

// over is the value behind a write to a key that has before. What is not written of a new value is zero.
func (o Operation) over(before content) string {
	if o.Size == 0 {
		return o.Value
	}
	value := make([]byte, o.Size)
	copy(value, before.value)
	copy(value[o.Offset:], o.Value)
	return string(value)
}

func (o Operation) String() string {
	switch o.Effect {
	case Put:
		return fmt.Sprintf("set:%q", o.Value)
	case Added:
		return fmt.Sprintf("added:%q", o.Value)
	case Overwrote:
		return fmt.Sprintf("overwritten:%q", o.Value)
	case Removed:
		return "removed"
	case Took:
		return fmt.Sprintf("taken:%q", o.Value)
	case FoundPresent:
		return "found present"
	case FoundFull:
		return "refused for want of room"
	}
	return "found absent"
}
