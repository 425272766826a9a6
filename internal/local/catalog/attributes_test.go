package catalog_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// lines writes rows one a line, for comparisons that read well.
func lines(rows [][]string) string {
	var b strings.Builder
	for _, r := range rows {
		b.WriteString(strings.Join(r, "|"))
		b.WriteByte('\n')
	}
	return b.String()
}

func (s *session) expect(sql, want string) {
	s.Helper()
	got := lines(s.run(sql))
	want = strings.TrimPrefix(want, "\n")
	if d := cmp.Diff(want, got); d != "" {
		s.Errorf("%s (-want +got)\n%s", sql, d)
	}
}

func TestTableAttributes(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.run(`create table public.sales (
		salesid integer identity(10,5) not null encode az64,
		listid int distkey,
		seller varchar(20) encode zstd,
		state char(2) default 'xx',
		price decimal(8,2),
		note text,
		ok boolean,
		at timestamp,
		doc super,
		raw varbyte(10),
		primary key (salesid),
		unique (listid, seller)
	) diststyle key compound sortkey (at, listid) backup no`)
	s.expect(`select attname, format_type(atttypid, atttypmod), attnotnull, atthasdef, attisdistkey, attsortkeyord,
			format_encoding(attencodingtype::int)
		from pg_attribute where attrelid = 'sales'::regclass and attnum > 0 order by attnum`, `
salesid|integer|t|t|f|0|az64
listid|integer|f|f|t|2|none
seller|character varying(20)|f|f|f|0|zstd
state|character(2)|f|t|f|0|lzo
price|numeric(8,2)|f|f|f|0|az64
note|character varying(256)|f|f|f|0|lzo
ok|boolean|f|f|f|0|none
at|timestamp without time zone|f|f|f|1|none
doc|super|f|f|f|0|zstd
raw|varbyte(10)|f|f|f|0|lzo
`)
	oid := s.one(`select 'sales'::regclass::oid`)
	s.expect(`select adnum, adsrc from pg_attrdef d where adrelid = 'sales'::regclass order by adnum`, `
1|"identity"(`+oid+`, 0, '10,5'::text)
4|'xx'::bpchar
`)
	s.expect(`select contype, conname, pg_get_constraintdef(oid), conkey from pg_catalog.pg_constraint
		where conrelid = 'sales'::regclass order by conname`, `
u|sales_listid_seller_key|UNIQUE (listid, seller)|{2,3}
p|sales_pkey|PRIMARY KEY (salesid)|{1}
`)
	s.expect(`select reldiststyle, relhasoids, relhaspkey from pg_class where relname = 'sales'`, "1|f|t\n")
}
