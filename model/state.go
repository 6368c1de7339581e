package model

// State is one state that the kernel may be in. It is never modified: each event gives new states.
type State struct {
	config Config
}

// New is a machine without maps and without open fds.
func New(c Config) *State { return &State{config: c} }

// Next judges one call: the states the kernel may be in after it. None means that the result is illegal, and why then
// says which rule broke, with what was expected and what was seen. s stays as it is.
func (s *State) Next(c Call, r Result) (next []*State, why string) {
	return []*State{s}, ""
}

// Close closes fd, as close(2).
func (s *State) Close(fd int32) *State { return s }

// Dup2 makes new refer to what old refers to, as dup2(2).
func (s *State) Dup2(old, new int32) *State { return s }

// OpenForeign tells that fd is open now and is no bpf object.
func (s *State) OpenForeign(fd int32) *State { return s }

// Mkdir makes the directory path on bpffs.
func (s *State) Mkdir(path string) *State { return s }

// Unlink removes the pin at path.
func (s *State) Unlink(path string) *State { return s }

// Rename moves the pin at from to the path to.
func (s *State) Rename(from, to string) *State { return s }
