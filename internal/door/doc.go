// Package door lets this machine in where a warehouse's security group keeps it out, and sees to it that the way in is
// closed again: by us, by whoever comes after us and finds the tags, or by AWS at the time of a schedule that was made
// before the rule was.
//
// A door is an inbound rule for one port and one address. Its tags say that it is ours, and which processes of which runs
// need it, each until when; the last one that leaves closes it. A rule of the same kind that somebody else made is used as it
// is, and never changed.
//
// The package knows nothing of sessions, steps or jobs.
package door
