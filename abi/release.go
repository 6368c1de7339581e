package abi

import "fmt"

// Release is a series of Linux by the first two numbers of its version, such as 6.12. They compare as numbers.
type Release uint16

// The series that can be asked for.
const (
	Linux61  Release = 6<<8 | 1
	Linux612 Release = 6<<8 | 12
	Linux618 Release = 6<<8 | 18

	// Latest is the series that everything here is about where nothing else is said.
	Latest = Linux618
)

// Releases are those that can be asked for, the oldest first.
var Releases = []Release{Linux61, Linux612, Linux618}

// MakeRelease is major.minor, of which neither is above 255.
func MakeRelease(major, minor uint8) Release { return Release(major)<<8 | Release(minor) }

// String is major.minor.
func (r Release) String() string { return fmt.Sprintf("%d.%d", r>>8, r&0xff) }

// ParseRelease finds the series that begins a version, such as 6.12 or 6.12.117+deb12-cloud-amd64; false for what is no version.
func ParseRelease(version string) (Release, bool) {
	var major, minor uint8
	if n, _ := fmt.Sscanf(version, "%d.%d", &major, &minor); n < 2 {
		return 0, false
	}
	return MakeRelease(major, minor), true
}
