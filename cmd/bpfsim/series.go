package main

import "github.com/bpfsim/bpfsim/abi"

// seriesOf is the newest series with a profile that is not newer than a kernel's release.
func seriesOf(release string) abi.Release {
	of := abi.Releases[0]
	running, known := abi.ParseRelease(release)
	if !known {
		return abi.Latest
	}
	for _, r := range abi.Releases {
		if r <= running {
			of = r
		}
	}
	return of
}
