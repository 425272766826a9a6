package dialect

import (
	"slices"
	"strings"
)

// Bodies of functions and procedures: SQL in a dollar string or a literal, which is translated as any other SQL is, and put
// back as one dollar string where that changed it.

// createFunction reads CREATE [OR REPLACE] FUNCTION: those in SQL pass, with a body that is one SELECT of an expression.
func (x *script) createFunction() {
	x.signature()
	language := ""
	for i := 2; i < x.len(); i++ {
		if x.is(i, "LANGUAGE") {
			language = x.word(i + 1)
		}
	}
	switch language {
	case "sql":
		x.translateBody(x.sqlBody)
	case "plpythonu":
		x.refuse(refusal("Python functions are no longer supported: their support ended on 2026-06-30"))
	case "": // PostgreSQL says that it is missing
	default:
		x.refuse(notSupported("a function in LANGUAGE " + language))
	}
}

// createProcedure reads CREATE [OR REPLACE] PROCEDURE. CALL names the arguments that go in, so those that only come out
// are made to go both ways, and to be NULL where they are not given. In a NONATOMIC one each statement is a transaction of
// its own: PostgreSQL is told to commit behind each, which it cannot where errors are caught.
func (x *script) createProcedure() {
	x.signature()
	for i := 2; i < x.len() && !x.is(i, "AS"); i++ {
		if x.is(i, "NONATOMIC") && x.is(i-1, ")") {
			x.nonatomic = true
			x.drop(i, i+1)
		}
	}
	for i := 2; i+2 < x.len(); i++ {
		if k := parameters[x.word(i+1)]; x.is(i, "SET") && x.isOne(i+2, "TO", "=") && (k == kept || k == boolean) {
			x.replace(i+1, "rs."+x.word(i+1))
		}
	}
	open := 2
	for open < x.len() && !x.is(open, "(") {
		open++
	}
	out := false
	for _, a := range x.args(open) {
		switch at := a[0]; {
		case x.is(at, "OUT"), x.is(at+1, "OUT"):
			if !x.is(at, "OUT") {
				at++
			}
			out = true
			x.replace(at, "INOUT")
			x.insertBefore(a[1], " DEFAULT NULL")
		case out:
			x.refuse(notSupported("an argument that goes in behind one that only comes out"))
			return
		}
	}
	x.translateBody(x.proceduralBody)
}

// signature takes MAX out of the lengths of arguments: PostgreSQL keeps no lengths of arguments.
func (x *script) signature() {
	for i := 2; i < x.len() && !x.is(i, "AS"); i++ {
		if x.is(i, "(", "MAX", ")") {
			x.drop(i, i+3)
		}
	}
}

// translateBody puts what translate makes of the string behind AS in its place.
func (x *script) translateBody(translate func(string) (string, *Error)) {
	for i := 2; i+1 < x.len(); i++ {
		body, ok := x.tok(i + 1).Literal()
		if !x.is(i, "AS") || !ok {
			continue
		}
		text, err := translate(body)
		if err != nil {
			x.refuse(err)
		} else if text != body {
			x.replace(i+1, dollarQuote(text))
		}
		return
	}
}

// sqlBody translates the body of a function in SQL (Redshift manual, CREATE FUNCTION: its SELECT has no further clauses).
func (x *script) sqlBody(body string) (string, *Error) {
	statements := Split(body)
	if len(statements) != 1 || statements[0].Verb() != "SELECT" {
		return "", notSupported("a function whose body is not one SELECT")
	}
	st := statements[0]
	inner := newScript(st, x.env)
	for i := range inner.sig {
		if inner.isOne(i, "FROM", "INTO", "WHERE", "GROUP", "ORDER", "LIMIT") && inner.depth(i) == 0 {
			clause := strings.ToUpper(inner.tok(i).Text)
			return "", &Error{Code: "0A000", Message: "The select expression can not have a " + clause + " clause.", Hint: seeDocs}
		}
	}
	tr := x.translate(st, x.env, false)
	if tr.Err != nil {
		return "", tr.Err
	}
	return body[:st.Pos] + tr.SQL + body[st.Pos+len(st.Text):], nil
}

// depth counts the brackets that are open at i.
func (x *script) depth(i int) int {
	n := 0
	for k := range i {
		if x.pair[k] > i {
			n++
		}
	}
	return n
}

// proceduralBody translates the body of a procedure in PL/pgSQL, statement by statement.
func (x *script) proceduralBody(body string) (string, *Error) {
	for _, st := range slices.Backward(Split(body)) {
		text, err := x.procedural(st)
		if err != nil {
			return "", err
		}
		body = body[:st.Pos] + text + body[st.Pos+len(st.Text):]
	}
	return body, nil
}

// procedural translates what stands between two semicolons of PL/pgSQL: words that open blocks, branches and loops, and
// behind them a statement, an assignment or an expression.
func (x *script) procedural(st Statement) (string, *Error) {
	inner := newScript(st, x.env)
	if inner.broken {
		return st.Text, nil // PostgreSQL reports the mistake
	}
	inner.variables = true
	at := inner.behindControl()
	if x.nonatomic && (inner.is(0, "EXCEPTION") || inner.begins(at)) {
		return "", notSupported("a NONATOMIC procedure with EXCEPTION or transactions of its own")
	}
	verb := ""
	if at < inner.len() {
		verb = Statement{Text: st.Text[inner.tok(at).Pos:], Tokens: Lex(st.Text[inner.tok(at).Pos:])}.Verb()
	}
	first, _, _ := strings.Cut(verb, " ")
	switch first {
	case "INSERT", "UPDATE", "DELETE", "MERGE", "CREATE", "ALTER", "DROP", "TRUNCATE", "LOCK", "ANALYZE", "VACUUM", "COPY", "UNLOAD",
		"GRANT", "REVOKE", "COMMENT", "REFRESH", "SET", "RESET", "SHOW", "SAVEPOINT", "BEGIN", "PREPARE":
	default:
		inner.rewriteQuery(0, inner.len())
		return inner.String() + x.commits(verb), inner.tr.Err
	}
	inner.rewriteQuery(0, at)
	if inner.tr.Err != nil {
		return "", inner.tr.Err
	}
	rest := Split(st.Text[inner.tok(at).Pos:])[0]
	tr := x.translate(rest, x.env, true)
	switch {
	case tr.Err != nil:
		return "", tr.Err
	case tr.Action != Pass || tr.Alone:
		return "", notSupported(verb + " in a procedure")
	}
	x.tr.Written = append(x.tr.Written, tr.Written...)
	commands := []string{}
	for _, c := range tr.Before {
		commands = append(commands, perform(c))
	}
	commands = append(commands, tr.SQL)
	for _, c := range tr.After {
		commands = append(commands, perform(c))
	}
	if tr.Commits || x.nonatomic {
		commands = append(commands, "COMMIT")
	}
	head := st.Text[:inner.tok(at).Pos]
	if at > 0 {
		last := inner.tok(at - 1)
		head = inner.render(0, at) + st.Text[last.Pos+len(last.Text):inner.tok(at).Pos]
	}
	return head + strings.Join(commands, "; "), nil
}

// commits is what comes behind one of the statements that PL/pgSQL runs as they are, in a NONATOMIC procedure.
func (x *script) commits(verb string) string {
	if x.nonatomic && (verb == "SELECT" || verb == "WITH" || verb == "CALL" || verb == "EXECUTE" || verb == "PERFORM") {
		return "; COMMIT"
	}
	return ""
}

// begins tells whether a statement that starts at at, behind the words that open blocks, begins a transaction.
func (x *script) begins(at int) bool {
	return x.is(at, "START", "TRANSACTION") || x.is(at-1, "BEGIN") && (at == x.len() || x.isOne(at, "TRANSACTION", "WORK"))
}

// perform writes a query whose answer nobody wants for PL/pgSQL.
func perform(query string) string {
	if rest, ok := strings.CutPrefix(query, "SELECT "); ok {
		return "PERFORM " + rest
	}
	return query
}

// behindControl is the index of the first token behind the words of PL/pgSQL that open blocks, branches and loops.
func (x *script) behindControl() int {
	i := 0
	for {
		switch {
		case x.isOne(i, "BEGIN", "ELSE", "LOOP", "EXCEPTION"):
			i++
		case x.is(i, "<<"):
			for i < x.len() && !x.is(i, ">>") {
				i++
			}
			i++
		case x.isOne(i, "IF", "ELSIF", "ELSEIF", "WHEN"):
			i = x.skipTo(i+1, "THEN")
		case x.isOne(i, "FOR", "FOREACH", "WHILE"):
			i = x.skipTo(i+1, "LOOP")
		case x.is(i, "CASE"):
			for i < x.len() && !x.is(i, "WHEN") {
				i++
			}
		default:
			return min(i, x.len())
		}
	}
}

// skipTo is the index behind the next word that belongs to no CASE expression.
func (x *script) skipTo(i int, word string) int {
	cases := 0
	for ; i < x.len(); i++ {
		switch {
		case x.is(i, "CASE"):
			cases++
		case x.is(i, "END") && cases > 0:
			cases--
		case x.is(i, word) && cases == 0:
			return i + 1
		}
	}
	return i
}
