package bench

// Row is a line of the table.
type Row struct {
	Group string `json:"group"`
	What  string `json:"what"`
	// Unit is that of Ours, Theirs and Limit. Ours is 0 where nothing could be measured; Skipped then says why.
	Unit   string  `json:"unit"`
	Ours   float64 `json:"ours"`
	Rival  string  `json:"rival"`
	Theirs float64 `json:"theirs"` // 0: the rival was not measured
	Ratio  float64 `json:"ratio"`  // how many times better than the rival
	Floor  float64 `json:"floor"`  // the least ratio that is enough; 0 where the goal is the limit
	// Limit is what a bare loop takes that makes the same accesses to memory and copies; 0 where there is none.
	Limit   float64 `json:"limit,omitempty"`
	Limits  float64 `json:"limits,omitempty"`  // how many times the limit ours is
	Ceiling float64 `json:"ceiling,omitempty"` // the most that is enough
	Skipped string  `json:"skipped,omitempty"`
	// The shape of what was measured, for plots; 0 where it does not apply.
	Entries int `json:"entries,omitempty"`
	Key     int `json:"key,omitempty"`    // bytes
	Value   int `json:"value,omitempty"`  // bytes
	Buffer  int `json:"buffer,omitempty"` // elements
}

// OK reports whether the goal is reached.
func (r Row) OK() bool {
	return r.Skipped == "" && r.Ratio >= r.Floor && (r.Ceiling == 0 || r.Limits <= r.Ceiling)
}

// Goal says in words what is enough.
func (r Row) Goal() string {
	switch {
	case r.Ceiling > 0:
		return figure(r.Ceiling) + " limits"
	case r.Floor > 0:
		return multiple(r.Floor)
	}
	return ""
}

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
