package dialect

import (
	"fmt"
	"strings"
)

// alterTable reads ALTER TABLE.
func (x *script) alterTable() {
	name, i, ok := x.qname(2)
	if !ok {
		return
	}
	if x.tempName(2) != "" {
		x.markTemp(2)
	}
	spec := &tableSpec{}
	switch {
	case x.is(i, "ADD") && x.isOne(i+1, "CONSTRAINT", "PRIMARY", "UNIQUE", "FOREIGN", "CHECK"):
		key, ok := x.tableConstraint(i+1, x.len())
		if !ok {
			return
		}
		spec.Keys = []keySpec{key}
		x.instead("ALTER TABLE", alterTable(name, spec))
	case x.is(i, "ROW", "LEVEL", "SECURITY"):
		x.rowLevelSecurity(i+3, name)
	case x.is(i, "ADD", "PARTITION"), x.is(i, "DROP", "PARTITION"), x.is(i, "SET"), x.is(i, "RESET"),
		x.is(i, "ATTACH"), x.is(i, "DETACH"), x.is(i, "ROW"), x.is(i, "MASKING"), x.is(i, "ENABLE"),
		x.is(i, "DISABLE"), x.is(i, "FORCE"), x.is(i, "NO"), x.is(i, "INHERIT"), x.is(i, "CLUSTER"),
		x.is(i, "VALIDATE"), x.is(i, "REPLICA"):
		x.refuse(notSupported("ALTER TABLE ... " + strings.ToUpper(x.tok(i).Text)))
	case x.is(i, "ADD"):
		i++
		if x.is(i, "COLUMN") {
			i++
		}
		x.addColumn(i, name, spec)
	case x.is(i, "RENAME"):
		x.tr.After = append(x.tr.After, "SELECT rs.bind_views()")
	case x.is(i, "OWNER", "TO"):
		x.keepUser(i + 2)
	case x.is(i, "APPEND", "FROM"):
		x.append(i+2, name)
	case x.is(i, "ALTER"):
		x.alterAttributes(i, name, spec)
	}
}

func alterTable(table []string, spec *tableSpec) string {
	return fmt.Sprintf("rs.alter_table(%s::regclass, %s::jsonb, %s)",
		dollarQuote(quoteName(table)), dollarQuote(spec.json()), refs(spec.Keys))
}

// instead runs a function in place of the statement, which answers tag as if it had run itself.
func (x *script) instead(tag, call string) {
	x.tr.SQL = "DO " + dollarQuote("BEGIN PERFORM "+call+"; END")
	x.tr.Tag = tag
}

func (x *script) addColumn(i int, table []string, spec *tableSpec) {
	var sortColumns []string
	column, behindType := x.column(i, x.len(), spec, &sortColumns)
	if x.tr.Err != nil || column == "" {
		return
	}
	if len(spec.Keys) > 0 || spec.DistKey != "" || sortColumns != nil {
		x.refuse(syntaxError("a column is added without keys"))
		return
	}
	notNull, withDefault := false, false
	for n := behindType; n < x.len(); n++ {
		notNull = notNull || x.is(n, "NOT", "NULL")
		withDefault = withDefault || x.is(n, "DEFAULT") && !x.is(n+1, "NULL")
		if c := x.pair[n]; c > n {
			n = c
		}
	}
	if notNull && !withDefault {
		x.refuse(&Error{
			Code: "42601", Message: "ALTER TABLE ADD COLUMN defined as NOT NULL must have a non-null default expression",
		})
		return
	}
	if x.isOne(behindType, "IDENTITY", "GENERATED") {
		x.refuse(notSupported("ALTER TABLE ... ADD COLUMN with IDENTITY"))
		return
	}
	spec.Added = column
	x.tr.After = append(x.tr.After, "SELECT "+alterTable(table, spec))
}

// alterAttributes reads what may follow ALTER TABLE name ALTER.
func (x *script) alterAttributes(i int, table []string, spec *tableSpec) {
	for _, part := range x.list(i, x.len()) {
		i, to := part[0]+1, part[1]
		switch {
		case x.is(i, "COLUMN") && x.is(i+2, "TYPE"):
			r, ok := x.readType(i + 3)
			if !ok {
				return
			}
			if r.name != "varchar" {
				x.refuse(refusal("ALTER COLUMN TYPE changes the length of VARCHAR columns only"))
				return
			}
			column, ok := x.tok(i + 1).Name(x.env.CaseSensitive)
			if !ok {
				return
			}
			text, err := r.columnType(column)
			if err != nil {
				x.refuse(err)
				return
			}
			if text == "" {
				text = x.render(r.from, r.to)
			}
			if r.to != to || to != x.len() {
				x.refuse(syntaxError("syntax error at or near %q", x.tok(min(r.to, x.len()-1)).Text))
				return
			}
			// Changing a column's type or encoding is not allowed in a transaction block (Redshift manual, ALTER TABLE).
			x.tr.Alone = true
			x.instead("ALTER TABLE", fmt.Sprintf("rs.alter_type(%s::regclass, %s, %s)",
				dollarQuote(quoteName(table)), dollarQuote(column), dollarQuote(text)))
			return
		case x.is(i, "COLUMN") && x.is(i+2, "ENCODE"):
			column, ok := x.tok(i + 1).Name(x.env.CaseSensitive)
			if !ok {
				return
			}
			x.setEncoding(spec, column, x.word(i+3))
			x.tr.Alone = true
			i += 4
		case x.is(i, "DISTKEY"):
			column, ok := x.tok(i + 1).Name(x.env.CaseSensitive)
			if !ok {
				return
			}
			spec.setDistKey(x, column)
			i += 2
		case x.is(i, "DISTSTYLE", "KEY", "DISTKEY"):
			column, ok := x.tok(i + 3).Name(x.env.CaseSensitive)
			if !ok {
				return
			}
			spec.setDistKey(x, column)
			i += 4
		case x.is(i, "DISTSTYLE") && x.isOne(i+1, "EVEN", "ALL", "AUTO"):
			spec.Dist = x.word(i + 1)
			i += 2
		case x.isOne(i, "COMPOUND", "INTERLEAVED") && x.is(i+1, "SORTKEY", "("):
			spec.setSortKey(x, x.word(i), x.nameList(i+2))
			i = x.closing(i+2) + 1
		case x.is(i, "SORTKEY", "("):
			spec.setSortKey(x, "compound", x.nameList(i+1))
			i = x.closing(i+1) + 1
		case x.is(i, "SORTKEY") && x.isOne(i+1, "AUTO", "NONE"):
			spec.Sort = x.word(i + 1)
			i += 2
		case x.is(i, "ENCODE", "AUTO"):
			auto := true
			spec.EncodeAuto = &auto
			i += 2
		default:
			x.refuse(notSupported("ALTER TABLE ... ALTER " + strings.ToUpper(x.tok(i).Text)))
			return
		}
		if i != to {
			x.refuse(syntaxError("syntax error at or near %q", x.tok(min(i, x.len()-1)).Text))
			return
		}
	}
	x.instead("ALTER TABLE", alterTable(table, spec))
}

// append reads ALTER TABLE target APPEND FROM source, which commits on its own (Redshift manual, ALTER TABLE APPEND).
func (x *script) append(i int, target []string) {
	source, end, ok := x.qname(i)
	if !ok {
		return
	}
	extra, fill := x.is(end, "IGNOREEXTRA"), x.is(end, "FILLTARGET")
	if extra || fill {
		end++
	}
	if end < x.len() {
		x.refuse(syntaxError("syntax error at or near %q", x.tok(end).Text))
		return
	}
	x.tr.Alone = true
	x.instead("ALTER TABLE APPEND", fmt.Sprintf("rs.append_table(%s::regclass, %s::regclass, %t, %t)",
		dollarQuote(quoteName(target)), dollarQuote(quoteName(source)), extra, fill))
}
