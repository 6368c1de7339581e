package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// version says what this binary was built from: the module's version, which names the commit where no release does.
func version() string {
	module, revision := "(unknown)", ""
	if info, ok := debug.ReadBuildInfo(); ok {
		module, revision = info.Main.Version, revisionOf(info.Settings)
	}
	return fmt.Sprintf("%s%s, %s %s/%s", module, revision, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

// revisionOf is empty for a binary that was built outside of a repository, as `go install module@version` does.
func revisionOf(settings []debug.BuildSetting) string {
	values := map[string]string{}
	for _, s := range settings {
		values[s.Key] = s.Value
	}
	if values["vcs.revision"] == "" {
		return ""
	}
	text := ", revision " + values["vcs.revision"]
	if values["vcs.modified"] == "true" {
		text += " with changes"
	}
	return text
}
