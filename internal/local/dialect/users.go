package dialect

import (
	"fmt"
	"strconv"
	"strings"
)

// keepUser marks the name at i as a user's: in quotes it keeps its case (Redshift manual, Names and identifiers).
func (x *script) keepUser(i int) {
	if i < x.len() && x.tok(i).Kind == QuotedIdent {
		x.edit(i).keepCase = true
	}
}

// tagByKind answers CREATE USER, DROP GROUP and the like as 8.0 did; to PostgreSQL all of them are roles.
func (x *script) tagByKind() {
	x.tr.Tag = strings.ToUpper(x.word(0) + " " + x.word(1))
}

// createUser reads CREATE USER and ALTER USER from the name at 2 on.
func (x *script) createUser() {
	x.tagByKind()
	x.keepUser(2)
	if x.is(3, "RENAME", "TO") {
		x.keepUser(5)
		old, _ := x.tok(2).Name(true)
		x.tr.After = append(x.tr.After, logUser(x.tok(5), "rename", old))
		return
	}
	x.tr.After = append(x.tr.After, logUser(x.tok(2), x.word(0), ""))
	if x.isOne(3, "SET", "RESET") && !x.is(3, "RESET", "SESSION", "TIMEOUT") {
		x.userParameter()
		return
	}
	for i := 3; i < x.len(); i++ {
		x.keepUser(i) // IN GROUP
		switch {
		case x.is(i, "PASSWORD", "DISABLE"):
			x.replace(i+1, "NULL")
			i++
		case x.is(i, "PASSWORD"):
			if p, ok := x.tok(i + 1).Literal(); ok && strings.HasPrefix(p, "sha256|") {
				x.refuse(notSupported("a SHA256 password hash"))
			}
			i++
		case x.is(i, "CREATEUSER"):
			x.replace(i, "SUPERUSER")
		case x.is(i, "NOCREATEUSER"):
			x.replace(i, "NOSUPERUSER")
		case x.is(i, "SYSLOG", "ACCESS"):
			x.drop(i, min(i+3, x.len()))
			i += 2
		case x.is(i, "SESSION", "TIMEOUT"):
			x.sessionTimeout(i + 2)
			x.drop(i, min(i+3, x.len()))
			i += 2
		case x.is(i, "RESET", "SESSION", "TIMEOUT"):
			x.afterUser("RESET rs.session_timeout")
			x.drop(i, i+3)
			i += 2
		case x.is(i, "EXTERNALID"):
			x.drop(i, min(i+2, x.len()))
			i++
		case x.is(i, "LIMIT", "UNLIMITED"):
			x.replace(i+1, "-1")
			i++
		case x.isOne(i, "SUPERUSER", "NOSUPERUSER", "CREATEROLE", "NOCREATEROLE", "INHERIT", "NOINHERIT", "LOGIN",
			"NOLOGIN", "REPLICATION", "NOREPLICATION", "BYPASSRLS", "NOBYPASSRLS", "ROLE", "ADMIN", "SYSID"):
			x.refuse(syntaxError("syntax error at or near %q", x.tok(i).Text))
		}
	}
}

// logUser has what happens to a user recorded.
func logUser(user Token, action, old string) string {
	name, _ := user.Name(true)
	return fmt.Sprintf("SELECT rs.log_user(%s, '%s', %s)", dollarQuote(name), action, dollarQuote(old))
}

// dropUser reads DROP USER.
func (x *script) dropUser() {
	x.createGroup()
	for i := 2; i < x.len(); i++ {
		if x.is(i, "IF", "EXISTS") {
			i++
		} else if !x.is(i, ",") {
			x.tr.Before = append(x.tr.Before, logUser(x.tok(i), "drop", ""))
		}
	}
}

// sessionTimeout has the limit at i kept among the user's settings, where the server looks it up at the next login.
func (x *script) sessionTimeout(i int) {
	const least, most = 60, 1728000 // seconds (Redshift manual, CREATE USER)
	text := ""
	if i < x.len() {
		text = x.tok(i).Text
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		x.refuse(syntaxError("SESSION TIMEOUT takes a number of seconds, not %q", text))
		return
	}
	if n < least || n > most {
		x.refuse(&Error{Code: "22023", Message: fmt.Sprintf("SESSION TIMEOUT %d is not between %d and %d seconds", n, least, most)})
		return
	}
	x.afterUser(fmt.Sprintf("SET rs.session_timeout TO '%d'", n))
}

// afterUser has a setting of the user at 2 changed.
func (x *script) afterUser(change string) {
	if name, ok := x.tok(2).Name(true); ok {
		x.tr.After = append(x.tr.After, "ALTER ROLE "+QuoteIdent(name)+" "+change)
	}
}

// userParameter reads ALTER USER name SET parameter ...
func (x *script) userParameter() {
	name := x.word(4)
	switch parameters[name] {
	case native:
	case kept:
		x.replace(4, "rs."+name)
	case boolean:
		x.replace(4, "rs."+name)
		if value := onOff(x.tok(6).Text); value != "" && x.len() == 7 {
			x.replace(6, value)
		}
	default:
		if name != "all" {
			x.refuse(unrecognized(name))
		}
	}
}

// createGroup reads CREATE, ALTER and DROP GROUP: only the case of names is to be kept.
func (x *script) createGroup() {
	x.tagByKind()
	for i := 2; i < x.len(); i++ {
		x.keepUser(i)
	}
}

// createRole reads CREATE ROLE: PostgreSQL's roles are users and groups as well, so a comment on a role, which all
// databases share, marks it as one of Redshift's roles.
func (x *script) createRole() {
	for i := 2; i < x.len(); i++ {
		x.keepUser(i)
		if x.is(i, "EXTERNALID") {
			x.drop(i, min(i+2, x.len()))
			i++
		} else if i > 2 && x.tok(i).Kind == Word {
			x.refuse(syntaxError("syntax error at or near %q", x.tok(i).Text))
		}
	}
	if name, ok := x.tok(2).Name(true); ok {
		x.tr.After = append(x.tr.After, fmt.Sprintf("COMMENT ON ROLE %s IS 'role'", QuoteIdent(name)))
	}
}

// The privileges that GRANT and REVOKE pass on to PostgreSQL.
var privileges = set("select", "insert", "update", "delete", "references", "truncate", "usage", "create", "temporary",
	"temp", "execute", "all", "privileges")

// grant reads GRANT and REVOKE.
func (x *script) grant() {
	if x.is(1, "ASSUMEROLE") {
		x.grantAssumeRole()
		return
	}
	if x.is(1, "IGNORE", "RLS") {
		x.grantIgnoreRLS()
		return
	}
	revoke := x.is(0, "REVOKE")
	i := 1
	if x.is(i, "ROLE") || x.is(i, "ADMIN", "OPTION", "FOR", "ROLE") {
		x.grantRole()
		return
	}
	if x.is(i, "GRANT", "OPTION", "FOR") {
		i += 3
	}
	for ; i < x.len() && !x.is(i, "ON"); i++ {
		if word := x.word(i); word != "" && !privileges[word] {
			x.refuse(notSupported("the privilege " + strings.ToUpper(word)))
			return
		}
		if c := x.pair[i]; c > i {
			i = c
		}
	}
	x.grantees(i, revoke)
}

// grantees goes over the names behind TO, or FROM in a REVOKE.
func (x *script) grantees(i int, revoke bool) {
	keyword := "TO"
	if revoke {
		keyword = "FROM"
	}
	for ; i < x.len() && !x.is(i, keyword); i++ {
		switch {
		case x.is(i, "ON") && x.isOne(i+1, "DATASHARE", "MODEL", "LIBRARY", "EXTERNAL", "TEMPLATE"),
			x.is(i, "ON", "COPY", "JOB"):
			x.refuse(notSupported("a GRANT on " + strings.ToUpper(x.tok(i+1).Text)))
			return
		}
	}
	for i++; i < x.len(); i++ {
		if x.is(i, "ROLE") {
			x.edit(i + 1).joined = true
			x.replace(i, "")
			i++
		}
		x.keepUser(i)
	}
}

// grantRole reads GRANT ROLE r [, ...] TO {user | ROLE r} [WITH ADMIN OPTION], and its REVOKE.
func (x *script) grantRole() {
	for i := 1; i < x.len(); i++ {
		if x.is(i, "ROLE") && i+1 < x.len() {
			name, _ := x.tok(i + 1).Name(false)
			if name == "sys" && x.is(i+2, ":") {
				name += ":" + x.word(i+3)
			}
			if strings.HasPrefix(name, "sys:") {
				x.refuse(notSupported("the system role " + name))
			}
			x.edit(i + 1).joined = true
			x.replace(i, "")
			i++
		}
		x.keepUser(i)
	}
}
