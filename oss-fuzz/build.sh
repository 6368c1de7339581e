#!/bin/bash -eu
# Builds the native Go fuzz targets as libFuzzer binaries, in the container of OSS-Fuzz (docs/fuzzing.md).
#
# It is compile_native_go_fuzzer_v2 and not its predecessor, because that one replaces *testing.T by a type of its own,
# and rapid.MakeFuzz wants the real one.

module=github.com/bpfsim/bpfsim
cd "$SRC/bpfsim"

# The tool overlays a file of GOROOT. Go does not let it where it has downloaded the toolchain into the module cache.
case "$(go env GOROOT)" in
"$(go env GOMODCACHE)"/*)
	copy=$(mktemp -d)
	cp -r "$(go env GOROOT)/." "$copy"
	chmod -R u+w "$copy"
	export GOROOT="$copy" GOTOOLCHAIN=local PATH="$copy/bin:$PATH"
	;;
esac
go get github.com/AdamKorcz/go-118-fuzz-build/testing

# target FOLDER FUNCTION builds one target. The tool makes ordinary files of the tests in a folder, which then must be one
# package: a target in package x_test moves, with its file alone, to a folder of its own; beside one in package x the
# tests in package x_test have to go.
target() {
	folder=$1
	file=$(grep -l "^func $2(" "$1"/*_test.go)
	if grep -q '^package .*_test$' "$file"; then
		folder=ossfuzz/$1
		mkdir -p "$folder"
		sed 's/^package .*/package target/' "$file" >"$folder/fuzz_test.go"
		echo 'package target' >"$folder/doc.go"
	else
		grep -l '^package .*_test$' "$1"/*_test.go | xargs -r rm
	fi
	compile_native_go_fuzzer_v2 "$module/$folder" "$2" "$2"
}

target btf FuzzLoad
target insn FuzzCheck
target syscall FuzzDump
target syscall FuzzBpf
target syscall FuzzProgLoad
target syscall FuzzBTFLoad
target syscall FuzzNetlink
target syscall FuzzWriteProbes
target proptest/campaign FuzzCall
target proptest/campaign FuzzProgram
target proptest/campaign FuzzParse
target explore FuzzWalk
target recording FuzzRead
