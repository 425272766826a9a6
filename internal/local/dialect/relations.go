package dialect

// Target is the table that a statement writes rows of (INSERT, UPDATE, DELETE, MERGE), as PostgreSQL is to read its name;
// "" where it writes none.
func (st Statement) Target(caseSensitive bool) string {
	x := newScript(st, Env{CaseSensitive: caseSensitive})
	i := 0
	if x.is(0, "WITH") {
		for i < x.len() && !x.isOne(i, "SELECT", "INSERT", "UPDATE", "DELETE", "MERGE") {
			if x.is(i, "(") {
				i = x.closing(i)
			}
			i++
		}
	}
	switch x.word(i) {
	case "insert", "merge":
		if !x.is(i+1, "INTO") {
			return ""
		}
		i += 2
	case "delete":
		i++
		if x.is(i, "FROM") {
			i++
		}
	case "update":
		i++
	default:
		return ""
	}
	if x.is(i, "ONLY") {
		i++
	}
	return x.relation(i)
}

// Relations are the tables and views that a query, an INSERT, an UPDATE, a DELETE or a MERGE names, as PostgreSQL is to
// read their names. Names given by WITH are among them, and columns where FROM is part of a call: whoever asks looks them
// up, and finds nothing.
func (st Statement) Relations(caseSensitive bool) []string {
	x := newScript(st, Env{CaseSensitive: caseSensitive})
	var names []string
	add := func(i int) {
		if name := x.relation(i); name != "" {
			names = append(names, name)
		}
	}
	if target := st.Target(caseSensitive); target != "" {
		names = append(names, target)
	}
	for i := range x.len() {
		switch x.word(i) {
		case "join", "using":
			add(i + 1)
		case "from":
			add(i + 1)
			// What stands behind the commas of the clause.
			for n := i + 1; n < x.len() && !x.isOne(n, "WHERE", "GROUP", "HAVING", "ORDER", "LIMIT", "UNION", "INTERSECT", "EXCEPT", "MINUS", "WINDOW", ")"); n++ {
				if x.is(n, ",") {
					add(n + 1)
				} else if x.is(n, "(") {
					n = x.closing(n)
				}
			}
		}
	}
	return names
}

// relation is the name at i in quotes, without the database's; "" if there is none.
func (x *script) relation(i int) string {
	parts, _, ok := x.qname(i)
	if !ok {
		return ""
	}
	return quoteName(parts[max(len(parts)-2, 0):])
}
