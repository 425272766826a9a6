package dialect

import (
	"fmt"
	"slices"
	"strings"
)

// assumeRoleCommands are the commands that ASSUMEROLE is granted for (DG r_GRANT).
var assumeRoleCommands = []string{"COPY", "UNLOAD", "EXTERNAL FUNCTION", "CREATE MODEL"}

// grantAssumeRole reads GRANT and REVOKE ASSUMEROLE ON {'roles' [, ...] | DEFAULT | ALL} {TO|FROM} grantees FOR
// commands. A chain of roles is one name.
func (x *script) grantAssumeRole() {
	granted := x.is(0, "GRANT")
	keyword := "TO"
	if !granted {
		keyword = "FROM"
	}
	i := 2
	if !x.is(i, "ON") {
		x.unexpected(i)
		return
	}
	roles, i := x.names(i+1, x.assumedRole)
	if x.tr.Err == nil && !x.is(i, keyword) {
		x.unexpected(i)
	}
	grantees, i := x.names(i+1, x.assumingUser)
	if x.tr.Err == nil && !x.is(i, "FOR") {
		x.unexpected(i)
	}
	commands, i := x.names(i+1, x.assumingCommand)
	if x.tr.Err == nil && i < x.len() {
		x.unexpected(i)
	}
	if x.tr.Err != nil {
		return
	}
	if slices.Contains(commands, "ALL") {
		commands = assumeRoleCommands
	}
	x.instead(strings.ToUpper(x.tok(0).Text), fmt.Sprintf("rs.change_assumerole(%t, %s, %s, %s)", granted,
		textArray(roles), textArray(grantees), textArray(commands)))
}

// unexpected refuses the statement for what stands at i.
func (x *script) unexpected(i int) {
	if i >= x.len() {
		x.refuse(syntaxError("syntax error at end of input"))
		return
	}
	x.refuse(syntaxError("syntax error at or near %q", x.tok(i).Text))
}

// names reads a list with commas from i on, each entry by read, and answers the index behind it.
func (x *script) names(i int, read func(i int) (name string, end int)) (names []string, end int) {
	for {
		name, end := read(i)
		if end == i {
			x.unexpected(i)
			return nil, i
		}
		names = append(names, name)
		if !x.is(end, ",") {
			return names, end
		}
		i = end + 1
	}
}

func (x *script) assumedRole(i int) (string, int) {
	switch {
	case x.is(i, "ALL"):
		return "*", i + 1
	case x.is(i, "DEFAULT"):
		return "default", i + 1
	}
	if role, ok := x.tok(i).Literal(); ok {
		return role, i + 1
	}
	return "", i
}

// assumingUser reads a user, group or role; PUBLIC is "".
func (x *script) assumingUser(i int) (string, int) {
	if x.is(i, "PUBLIC") {
		return "", i + 1
	}
	n := i
	if x.isOne(i, "GROUP", "ROLE") {
		n++
	}
	if name, ok := x.tok(n).Name(true); ok {
		return name, n + 1
	}
	return "", i
}

func (x *script) assumingCommand(i int) (string, int) {
	switch {
	case x.isOne(i, "ALL", "COPY", "UNLOAD"):
		return strings.ToUpper(x.tok(i).Text), i + 1
	case x.is(i, "EXTERNAL", "FUNCTION"), x.is(i, "CREATE", "MODEL"):
		return strings.ToUpper(x.tok(i).Text + " " + x.tok(i+1).Text), i + 2
	}
	return "", i
}

// textArray writes values as an array of PostgreSQL's type text.
func textArray(values []string) string {
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = dollarQuote(v)
	}
	return "ARRAY[" + strings.Join(quoted, ", ") + "]::text[]"
}
