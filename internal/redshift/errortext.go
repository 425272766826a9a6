package redshift

import (
	"regexp"
	"strings"
)

// errorLabels begin the lines that follow a message, as Redshift's JDBC driver writes an error. Those that are not asked
// for end what came before.
var errorLabels = regexp.MustCompile(`(?m)^ {0,4}(Detail|Hint|Position|Where|Location|Internal Query|Internal Position): ?`)

// errorID is what newer releases put behind a message: nothing that says more about it.
var errorID = regexp.MustCompile(`\s*\[ErrorId: [^\]]*\]\s*$`)

// ParseErrorText reads an error that is told as one text, as the Data API tells it: the severity and the message, and its
// detail and hint on lines of their own. ok is false for a text that is not of this form, which the server did not say.
//
// The SQLSTATE is not part of the text. It is taken from messages that are known, and "" for others.
func ParseErrorText(text string) (e *ServerError, ok bool) {
	severity, rest, found := strings.Cut(text, ": ")
	switch severity = strings.TrimSpace(severity); severity {
	case "ERROR", "FATAL", "PANIC":
	default:
		return nil, false
	}
	if !found {
		return nil, false
	}
	e = &ServerError{Severity: severity}
	into := &e.Message
	for {
		at := errorLabels.FindStringSubmatchIndex(rest)
		if at == nil {
			*into = part(rest)
			break
		}
		*into = part(rest[:at[0]])
		switch rest[at[2]:at[3]] {
		case "Detail":
			into = &e.Detail
		case "Hint":
			into = &e.Hint
		default:
			into = new(string)
		}
		rest = rest[at[1]:]
	}
	e.Code = stateOf(e.Message)
	return e, true
}

func part(text string) string {
	return strings.TrimSpace(errorID.ReplaceAllString(text, ""))
}

// states are the messages of which something depends on the SQLSTATE, in order.
var states = []struct {
	message *regexp.Regexp
	code    string
}{
	{regexp.MustCompile(`^(schema|Schema) .* does not exist`), "3F000"},
	{regexp.MustCompile(`^database .* does not exist`), "3D000"},
	{regexp.MustCompile(`^database .* already exists`), "42P04"},
	{regexp.MustCompile(`^(role|user) .* does not exist`), "28000"},
	{regexp.MustCompile(`^column .* does not exist`), "42703"},
	{regexp.MustCompile(`^function .* does not exist`), "42883"},
	{regexp.MustCompile(`^(type|language|operator class) .* does not exist|^unrecognized configuration parameter`), "42704"},
	{regexp.MustCompile(`^(relation|table|view) .* does not exist`), "42P01"},
	{regexp.MustCompile(`^(relation|Relation) .* already exists`), "42P07"},
	{regexp.MustCompile(`^schema .* already exists`), "42P06"},
	{regexp.MustCompile(`(?i)^permission denied|^must be owner of|^must be superuser`), "42501"},
	{regexp.MustCompile(`^current transaction is aborted`), "25P02"},
	{regexp.MustCompile(`(?i)^query .*cancell?ed|^canceling statement`), "57014"},
	{regexp.MustCompile(`^could not serialize access`), "40001"},
	{regexp.MustCompile(`^deadlock detected`), "40P01"},
	{regexp.MustCompile(`^password authentication failed`), "28P01"},
	{regexp.MustCompile(`because other objects depend on it`), "2BP01"},
	{regexp.MustCompile(`(?i)^disk full`), "53100"},
	{regexp.MustCompile(`^syntax error`), "42601"},
	{regexp.MustCompile(`(?i)^invalid input syntax for `), "22P02"},
	{regexp.MustCompile(`(?s)^value ".*" is out of range for type `), "22003"},
	{regexp.MustCompile(`(?i)^date/time field value out of range`), "22008"},
	{regexp.MustCompile(`(?i) not supported| unsupported type `), "0A000"},
}

func stateOf(message string) string {
	for _, s := range states {
		if s.message.MatchString(message) {
			return s.code
		}
	}
	return ""
}
