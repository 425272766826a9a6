package plan

import (
	"path"
	"regexp"
	"strings"
	"time"
)

// Dated is the layout of staged objects that the AWS Unload/Copy utility had: PREFIX/DATE/DATABASE.SCHEMA.TABLE.; the run's
// number follows the date, so that two runs of one second stay apart, and each attempt has a folder: DATE-NNNN/DATABASE.SCHEMA.TABLE.1/.
const Dated = "dated"

// The forms in which a run's id says when it began.
const (
	runTime = "20060102T150405Z"
	dated   = "2006-01-02_15:04:05"
)

var runID = regexp.MustCompile(`^([0-9]{8}T[0-9]{6}Z)-([0-9a-f]{4})$`)

// Below is what the keys of everything begin with that a run stages for the table with a folder, and no other table's do.
// The attempt's number and a slash follow.
func (s Stage) Below(run, folder string) string {
	if s.Layout == Dated {
		if m := runID.FindStringSubmatch(run); m != nil {
			if began, err := time.Parse(runTime, m[1]); err == nil {
				return path.Join(s.Prefix, began.Format(dated)+"-"+m[2], folder) + "."
			}
		}
	}
	return path.Join(s.Prefix, run, folder) + "/"
}

// RunOf is the run whose folder a name is, in any layout; "" where it is somebody else's.
func RunOf(folder string) string {
	if runID.MatchString(folder) {
		return folder
	}
	if at := strings.LastIndexByte(folder, '-'); at > 0 {
		if began, err := time.Parse(dated, folder[:at]); err == nil {
			if run := began.Format(runTime) + folder[at:]; runID.MatchString(run) {
				return run
			}
		}
	}
	return ""
}
