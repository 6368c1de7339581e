package sim

// Limited ends a row of schedules after so many.
type Limited struct {
	Schedules
	left int
	more bool
}

// Unwrap is the schedules that it ends.
func (l *Limited) Unwrap() Schedules { return l.Schedules }

// Limit lets Next turn to at most max of schedules.
func Limit(schedules Schedules, max int) *Limited { return &Limited{Schedules: schedules, left: max} }

// Next turns to the next schedule, if any is left and the limit allows it.
func (l *Limited) Next() bool {
	if !l.Schedules.Next() {
		return false
	}
	l.more = l.left <= 0
	l.left--
	return !l.more
}

// More reports that the limit was in the way of further schedules.
func (l *Limited) More() bool { return l.more }
