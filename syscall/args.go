package bpfsys

import "github.com/bpfsim/bpfsim/abi"

//go:generate go run attr_codegen.go

// Args are the arguments of one command. The type of that name implements it by generated code (attr_code.go): its fields
// name those of package abi's table in their tags, and its Decode is the inverse of Encode.
type Args interface {
	// Cmd is the command that takes these arguments.
	Cmd() abi.Cmd
	// Encode lays the arguments out as the kernel reads them; all other bytes are zero.
	Encode() Attr
}

// DecodeArgs reads the arguments of cmd out of a; false for commands that bpfsys does not support.
func DecodeArgs(cmd abi.Cmd, a *Attr) (Args, bool) {
	command, known := table.command(cmd)
	if !known || command.decode == nil {
		return nil, false
	}
	return command.decode(a.fields()), true
}

// decoder is a pointer to arguments of type T that can be read out of an attr.
type decoder[T any] interface {
	*T
	Decode(Fields)
}

// decoded is Decode as a function that returns the arguments by value.
func decoded[T Args, P decoder[T]](a Fields) Args {
	var args T
	P(&args).Decode(a)
	return args
}
