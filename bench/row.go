package bench

// Row is a line of the table.
type Row struct {
	Group string `json:"group"`
	What  string `json:"what"`
	// Unit is that of Ours and Theirs. Both are 0 where they could not be measured; Skipped then says why.
	Unit    string  `json:"unit"`
	Ours    float64 `json:"ours"`
	Rival   string  `json:"rival"`
	Theirs  float64 `json:"theirs"`
	Ratio   float64 `json:"ratio"` // how many times better than the rival
	Floor   float64 `json:"floor"` // the least ratio that is enough
	Skipped string  `json:"skipped,omitempty"`
	// The shape of what was measured, for plots; 0 where it does not apply.
	Entries int `json:"entries,omitempty"`
	Key     int `json:"key,omitempty"`    // bytes
	Value   int `json:"value,omitempty"`  // bytes
	Buffer  int `json:"buffer,omitempty"` // elements
}

// OK reports whether the floor is reached.
func (r Row) OK() bool { return r.Skipped == "" && r.Ratio >= r.Floor }

// Verdict is what the table says of the row.
func (r Row) Verdict() string {
	switch {
	case r.Skipped != "":
		return "skipped: " + r.Skipped
	case r.OK():
		return "ok"
	}
	return "below"
}

// of notes the shape.
func (r Row) of(s shape) Row {
	r.Entries, r.Key, r.Value = s.entries, s.key, s.value
	return r
}
