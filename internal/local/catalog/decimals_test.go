package catalog_test

import (
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"pgregory.net/rapid"

	"github.com/sealift/sealift/internal/local/dialect"
)

// sales is the manual's table, as far as its numbers go.
const sales = `create table sales (salesid int, qtysold smallint, pricepaid decimal(8,2), commission decimal(8,2), listid bigint,
		share float, "Rate" decimal(5,4), saledate date);
	insert into sales values (1, 3, 200.00, 30.00, 7, 0.5, 0.1250, '2020-01-31'), (2, 6, -100.00, 15.00, 11, 0.25, 0.3333, '2020-01-01'),
		(3, 2, null, 0.10, 3, 4, 1.0001, null)`

// typesOf are the types of the columns of a table that is made of a query.
func (s *session) typesOf(query string) string {
	s.Helper()
	s.run("drop table if exists made; create table made as " + query)
	var types []string
	for _, row := range s.run(`select type from pg_table_def where tablename = 'made'`) {
		types = append(types, row[0])
	}
	return strings.Join(types, "|")
}

// TestQuotients: the values and the types of divisions of decimals, and of what they are part of, by the manual's formulas.
//
//standin:imitates dialect: scale and precision of quotients of decimals, and of sums and products with them | DG r_numeric_computations201
//standin:imitates dialect: overflows of intermediate results in expressions with a division of decimals | DG r_numeric_computations201
func TestQuotients(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.run(sales)
	for _, c := range []struct{ expression, want, kind string }{
		{"pricepaid / commission", "6.666666666", "numeric(17,9)"}, // the manual's example
		{"pricepaid/qtysold", "66.66666666", "numeric(14,8)"},      // its examples of MIN and MAX show eight digits
		{"-pricepaid / qtysold", "-66.66666666", "numeric(14,8)"},
		{"pricepaid / salesid", "200.0000000000000", "numeric(19,13)"},
		{"pricepaid / listid", "28.5714285714285714285714", "numeric(28,22)"},
		{"qtysold / commission", "0.1000000", "numeric(14,7)"},
		{"pricepaid / 3", "66.6666666666666", "numeric(19,13)"},
		{"pricepaid / 3.0", "66.6666", "numeric(11,4)"},
		{"pricepaid / 3::smallint", "66.66666666", "numeric(14,8)"},
		{"pricepaid / 30000000000", "0.0000000066666666666666", "numeric(28,22)"},
		{"1.0 / 3", "0.333333333333", "numeric(13,12)"},
		{"2::decimal / 3::decimal(5,2)", "0.6666", "numeric(24,4)"},
		{"cast(2 as decimal(38,19)) / cast(3 as decimal(38,19))", "0.6666", "numeric(38,4)"},
		{"2::decimal(19,2) / 3::decimal(38,19)", "0.6666", "numeric(38,4)"},
		{"convert(decimal(8,2), 2) / 3", "0.6666666666666", "numeric(19,13)"},
		// Operations with others in them.
		{"pricepaid / commission / qtysold", "2.222222222000000", "numeric(23,15)"},
		{"pricepaid / (commission / qtysold)", "20.000000000", "numeric(23,9)"},
		{"pricepaid * 2 / commission + 1", "14.333333333", "numeric(29,9)"},
		{"1 - pricepaid / commission", "-5.666666666", "numeric(20,9)"},
		{"(pricepaid - commission) / pricepaid", "0.850000000", "numeric(18,9)"},
		{`pricepaid * "Rate" / (1 + "rate")`, "22.222222222222222222", "numeric(30,18)"},
		{"100 * (commission / pricepaid)", "15.000000000", "numeric(28,9)"},
		{"+ - pricepaid / - commission", "6.666666666", "numeric(17,9)"},
		// Of functions, choices and dates.
		{"pricepaid / nullif(commission, 0)", "6.666666666", "numeric(17,9)"},
		{"coalesce(pricepaid, 0) / abs(commission)", "6.666666666", "numeric(21,9)"},
		{"pricepaid / nvl(commission, 1.5)", "6.666666666", "numeric(17,9)"},
		{"pricepaid / nvl2(listid, commission, commission)", "6.666666666", "numeric(17,9)"},
		{"pricepaid / decode(salesid, 1, commission, 2, null, 4)", "6.6666666666666", "numeric(21,13)"},
		{"pricepaid / case when salesid / 2.0 > 1 then null else commission end", "6.666666666", "numeric(17,9)"},
		{"pricepaid / datediff(day, '2020-01-01', saledate)", "6.6666666666666666666666", "numeric(28,22)"},
		{"pricepaid / extract(day from saledate)", "6.4516129032258", "numeric(19,13)"},
		{"(saledate - date '2020-01-01') / 7.0", "4.2857", "numeric(15,4)"},
		{"pricepaid / length('abc')", "66.6666666666666", "numeric(19,13)"},
		{"round(pricepaid / commission, 2)", "6.67", ""},
		{"floor(pricepaid / commission)", "6", ""},
		{"coalesce(pricepaid / commission, 0)", "6.666666666", ""},
		// What is none of decimals.
		{"qtysold / 2", "1", "integer"},
		{"listid / salesid * 1.5", "10.5", ""},
		{"pricepaid / share", "400", "double precision"},
		{"share / 3.0", "0.16666666666666666", "double precision"},
		{"pricepaid / sqrt(16)", "50", "double precision"},
		{"salesid / qtysold::float", "0.3333333333333333", "double precision"},
		{"sum(listid) over () / count(*) over ()", "7.0000000000000000", ""}, // PostgreSQL's sum of BIGINT
	} {
		query := "select " + c.expression + " as a from sales where salesid = 1"
		if got := s.one(query); got != c.want {
			t.Errorf("%s is %s, want %s", c.expression, got, c.want)
		}
		if c.kind == "" {
			continue
		}
		if got := s.typesOf(query); got != c.kind {
			t.Errorf("%s is of type %s, want %s", c.expression, got, c.kind)
		}
	}
	s.expect("select sum(pricepaid) / sum(commission), sum(pricepaid) / count(*), avg(pricepaid) / 3, count(pricepaid) / 3.0, 100.0 * sum(case when qtysold > 2 then 1 else 0 end) / count(*) from sales",
		"2.2172|33.3333|16.6666|0.6666|66.666666666666666\n")
	s.fails("select pricepaid / 0 from sales", "22012", "division by zero")
	s.fails("select (99999999999999999999999999999999999999::decimal(38,0) * 10 + 1) / 2 from sales", "22003", "Numeric data overflow (result precision)")
	s.fails("select commission / 0.0000000000000000000000000000000000001::decimal(38,37) from sales", "22003", "Numeric data overflow (result precision)")
}

// TestTypesOfMadeColumns: what a table, a view or a file is made of has the type of the manual's formulas, and must fit it.
//
//standin:imitates tables: types of sums, products, SUM, AVG, CASE and COALESCE of decimals in CREATE TABLE AS and views | DG r_numeric_computations201, DG r_SUM, DG r_AVG
func TestTypesOfMadeColumns(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.run(sales)
	for expression, want := range map[string]string{
		"commission * qtysold": "numeric(14,2)", // the manual's example
		`pricepaid + "Rate"`:   "numeric(11,4)",
		"pricepaid - 1":        "numeric(13,2)",
		"-pricepaid":           "numeric(8,2)",
		"pricepaid * pricepaid * pricepaid * pricepaid": "numeric(35,8)",
		"sum(pricepaid)":                                       "numeric(38,2)",
		"avg(pricepaid)":                                       "numeric(38,2)",
		"sum(pricepaid * qtysold) + 1":                         "numeric(38,2)",
		"max(pricepaid)":                                       "numeric(8,2)",
		"lag(pricepaid) over (order by salesid)":               "numeric(8,2)",
		"sum(pricepaid) over ()":                               "numeric(38,2)",
		`coalesce(pricepaid, "Rate", 0)`:                       "numeric(14,4)",
		"case when salesid > 1 then pricepaid else 0 end":      "numeric(12,2)",
		"case when salesid > 1 then pricepaid else listid end": "numeric(19,2)",
		"nvl(pricepaid, 1) * 2":                                "numeric(23,2)",
		"pricepaid":                                            "numeric(8,2)",
		"pricepaid * share":                                    "double precision",
		"sum(qtysold)":                                         "bigint",
		"qtysold + 1":                                          "integer",
		"pricepaid::decimal(9,3)":                              "numeric(9,3)",
		"1.5":                                                  "numeric(38,1)", // as wide as can be: it says what is there first
	} {
		if got := s.typesOf("select " + expression + " as a from sales"); got != want {
			t.Errorf("%s is of type %s, want %s", expression, got, want)
		}
	}
	s.run("create view totals as select sum(pricepaid) as total, max(commission) as most, commission * 2 from sales group by commission; select total * 2 as twice into doubled from totals")
	s.expect("select total / 3, total / most from totals where most = 30", "66.6666|6.6666\n")
	s.expect(`select type from pg_table_def where tablename = 'doubled'`, "numeric(38,2)\n")
	s.run("create table wide (a decimal(38,19)); insert into wide values (2)")
	s.fails("create table x as select a * a from wide", "22003", "Numeric data overflow (result precision)") // 38 digits behind the point
	s.run("create table x as select distinct coalesce(a, 1) as b from wide order by coalesce(a, 1)")
}

// TestTypesOfUnions: decimals of UNION and the like.
//
//standin:imitates tables: types of decimals of UNION, INTERSECT and EXCEPT in CREATE TABLE AS and views | DG r_numeric_computations201
func TestTypesOfUnions(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.run(sales)
	for query, want := range map[string]string{
		`select pricepaid as a from sales union all select "Rate" from sales`:                                                                                   "numeric(10,4)",
		`select pricepaid as a, salesid from sales union select 1.5, 2 from sales order by 1 limit 3`:                                                           "numeric(8,2)|integer",
		"select salesid as a from sales except select commission from sales":                                                                                    "numeric(12,2)",
		"select a from (select pricepaid as a from sales intersect select qtysold from sales) order by 1":                                                       "numeric(8,2)",
		`with r as (select "Rate" as a from sales) select a from r union all select sum(pricepaid) from sales union all select top 1 null::decimal(3,3) from r`: "numeric(38,4)",
		"select pricepaid as a from sales union all select null":                                                                                                "numeric(38,2)", // as wide as can be: what NULL is is not known
		"(select pricepaid as a from sales) union all (select salesid from sales)":                                                                              "numeric(38,2)",
		"select pricepaid as a from sales union all select share from sales":                                                                                    "double precision",
		"select listid as a from sales union all select salesid from sales":                                                                                     "bigint",
	} {
		if got := s.typesOf(query); got != want {
			t.Errorf("%s has %s, want %s", query, got, want)
		}
	}
	s.expect(`select a / 3 from (select pricepaid as a from sales where salesid = 1 union all select salesid from sales where salesid = 2) order by 1`, "0.6666666666666\n66.6666666666666\n")
	s.expect(`with u as (select pricepaid as a from sales where salesid = 1 union all select a + 1 from (select pricepaid / commission as a from sales where salesid = 1)) select a / 7.0 from u order by 1`,
		"1.09523809514\n28.57142857142\n")
	s.run("create view united as select salesid, pricepaid from sales union all select salesid, commission / 3 from sales where salesid < 3")
	s.expect("select salesid, pricepaid / 3 from united where pricepaid = 10", "1|3.333333333333333333333333\n")
	s.run("select pricepaid as a into mixed from sales union all select salesid from sales")
	s.expect("select count(*) from mixed", "6\n")
}

// TestQuotientsEverywhere: in whatever part of whatever statement.
func TestQuotientsEverywhere(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.run(sales)
	s.expect("select salesid from sales where pricepaid / commission = 6.666666666", "1\n")
	s.expect("select pricepaid / commission as q, count(*) from sales group by pricepaid / commission order by 1", "-6.666666666|1\n6.666666666|1\nNULL|1\n")
	s.expect(`select (pricepaid + commission) * 2 / salesid, (1 + pricepaid / qtysold) * 3, coalesce((commission + 1) * 2, 0), count(*) from sales
		where salesid = 1 group by (pricepaid + commission) * 2, salesid, 1 + pricepaid / qtysold, coalesce((commission + 1) * 2, 0)`, "460.0000000000000|202.99999998|62.00|1\n")
	s.run(`create table grouped as select (commission + 1) * 2 as a, (commission + 1) * 2 / qtysold as b, coalesce((commission + 1) * 2, 0) as c, count(*) from sales
		group by (commission + 1) * 2, qtysold, coalesce((commission + 1) * 2, 0)`)
	s.expect("select type from pg_table_def where tablename = 'grouped'", "numeric(24,2)\nnumeric(30,8)\nnumeric(24,2)\nbigint\n")
	s.expect("select salesid from sales group by salesid having sum(pricepaid) / 3 = 66.6666", "1\n")
	s.expect("select a.salesid from sales a join sales b on a.pricepaid / b.commission = 6.666666666", "1\n")
	s.expect("select distinct pricepaid / commission from sales where salesid = 1 union all select top 1 qtysold / 7.0 from sales where salesid = 1", "6.666666666\n0.4285\n")
	s.expect("select q.a, q.a / 3 from (select pricepaid / commission as a from sales where salesid = 1) q", "6.666666666|2.22222222200000000000\n")
	s.expect("select a / 3, b from (select pricepaid / commission as a, salesid / 7.0 as b from sales) where a > 0", "2.22222222200000000000|0.1428\n")
	s.expect("with a as (select pricepaid / commission as q from sales where salesid = 1), b as (select q / 3 as r from a) select r, r / 3, (select q / 3 from a) from b",
		"2.22222222200000000000|0.740740740666666666666666666666|2.22222222200000000000\n")
	s.expect("select salesid, (select s.pricepaid / l.commission from sales l where l.salesid = s.salesid) from sales s where exists (select 1 from sales x where x.commission / s.commission > 1.99 and x.salesid = 1)",
		"2|-6.666666666\n3|NULL\n")
	s.expect("select salesid / 7.0 as a, a * 2 as b, b / 3 > 0.095 from sales where salesid = 1", "0.1428|0.2856|t\n")
	s.expect("select max(pricepaid / commission) over (partition by qtysold / 2.0), rank() over (order by commission / 3) from sales where salesid < 3 order by 1", "-6.666666666|1\n6.666666666|2\n")
	s.expect("select pricepaid / commission from sales s qualify row_number() over (order by pricepaid / commission) = 1", "-6.666666666\n")

	// Sums, choices and literals of inner queries.
	s.expect("select total / 3, rate, total * rate / n from (select sum(pricepaid) as total, 0.15 as rate, count(*) n from sales) where total > 0", "33.3333|0.15|5.0000\n")
	s.expect("with a as (select sum(pricepaid) as total, max(commission) as most, -sum(commission), case when true then sum(commission) end from sales), b as (select coalesce(total, 0) / most, * from a) select * from b",
		"3.3333|100.00|30.00|-45.10|45.10\n")
	s.expect("select distinct d.a / 3 from (select distinct coalesce(commission, 1) as a from sales order by coalesce(commission, 1)) d order by 1 limit 1", "0.03333333333333333333\n") // PostgreSQL's: what is sorted by must be what is shown
	s.expect(`select q."?column?" / 2, q."case" / 2, q.coalesce / 2 from (select pricepaid + 1, case when true then commission else 0 end, coalesce(commission, 1) from sales where salesid = 1) q`, "100.5000000000000|15.0000000000000|15.0000000000000\n")
	s.expect("select a.p / b.p from (select sum(pricepaid) p from sales) a, (select sum(commission) p from sales) b where a.p / b.p > (select avg(commission) / 10 from sales)", "2.2172\n")

	s.run("create table quotients (a decimal(20,12), b decimal(20,12))")
	s.run("insert into quotients select pricepaid / commission, 1.0 / 3 from sales where salesid = 1")
	s.run("insert into quotients values (2.0 / 3, -2.0 / 3)")
	s.expect("select * from quotients order by 1", "0.666666666666|-0.666666666666\n6.666666666000|0.333333333333\n")
	s.run("update quotients set a = s.pricepaid / s.qtysold from sales s where s.salesid = 1 and quotients.a / 2 > 3")
	s.run("update quotients set b = a / 0.3 where b < 0")
	s.expect("select * from quotients order by 1", "0.666666666666|2.222222222220\n66.666666660000|0.333333333333\n")
	s.run("delete from quotients using sales where sales.salesid = 1 and quotients.a / sales.pricepaid > 0.3; delete from quotients where a / 3 = 0")
	s.expect("select count(*) from quotients", "1\n")
	s.run("merge into quotients using sales on quotients.a > 0 and sales.salesid = 2 when matched then update set b = sales.pricepaid / sales.commission when not matched then insert values (sales.pricepaid / 3, 1.0 / 3)")
	s.expect("select * from quotients order by 1", "0.666666666666|-6.666666666000\n66.666666666667|0.333333333333\nNULL|0.333333333333\n")

	s.run("create view ratios as select salesid, pricepaid / commission as ratio, pricepaid / qtysold from sales")
	s.expect("select ratio, ratio / 3 from ratios where salesid = 1", "6.666666666|2.22222222200000000000\n")
	s.run("create view late as select pricepaid / commission as ratio from public.sales with no schema binding")
	s.expect("select ratio, ratio / 3 from late where ratio > 0", "6.666666666|2.22222222200000000000\n")
	s.run("create materialized view kept as select pricepaid / commission from sales; create table copied as select ratio from ratios; select commission / 3 as third into temp thirds from sales")
	s.expect(`select attrelid::regclass, attname, format_type(atttypid, atttypmod) from pg_attribute
		where attrelid in ('ratios'::regclass, 'copied'::regclass, 'kept'::regclass, 'thirds'::regclass) and attnum > 0 and attname <> 'salesid' order by 1, 2`,
		"ratios|?column?|numeric(14,8)\nratios|ratio|numeric(17,9)\nkept|?column?|numeric(17,9)\ncopied|ratio|numeric(17,9)\nthirds|third|numeric(19,13)\n")
	// The text of a view makes the same view again.
	text := s.one("select definition from pg_views where viewname = 'ratios'")
	if strings.Contains(text, "OPERATOR") || text != s.one("select pg_get_viewdef('ratios'::regclass)") {
		t.Errorf("the view shows %s", text)
	}
	s.run("create view again as " + text)
	s.expect("select ratio, ratio / 3 from again where salesid = 1", "6.666666666|2.22222222200000000000\n")
}

// decimalType is a type of a column of the property test.
type decimalType struct{ precision, scale int }

func (d decimalType) String() string { return fmt.Sprintf("decimal(%d,%d)", d.precision, d.scale) }

// result is the manual's table of formulas, over again.
func (d decimalType) result(op string, e decimalType) decimalType {
	var r decimalType
	switch op {
	case "+", "-":
		r.scale = max(d.scale, e.scale)
		r.precision = max(d.precision-d.scale, e.precision-e.scale) + 1 + r.scale
	case "*":
		r = decimalType{d.precision + e.precision + 1, d.scale + e.scale}
	case "/":
		r.scale = max(4, d.scale+e.precision-e.scale+1)
		r.precision = d.precision - d.scale + e.scale + r.scale
		if r.precision > 38 {
			return decimalType{38, max(38+r.scale-r.precision, 4)}
		}
	}
	r.precision = min(r.precision, 38)
	return r
}

func power(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }

// TestArithmeticOfAllDecimals: what a quotient, and a sum, difference or product that it is part of, comes to for any types.
func TestArithmeticOfAllDecimals(t *testing.T) {
	t.Parallel()
	s := open(t)
	rapid.Check(t, func(t *rapid.T) {
		var types [3]decimalType
		var units [3]*big.Int
		for i := range types {
			types[i].precision = rapid.IntRange(1, 38).Draw(t, "precision")
			types[i].scale = rapid.IntRange(0, min(types[i].precision, 37)).Draw(t, "scale")
			digits := rapid.StringMatching(fmt.Sprintf("-?[0-9]{1,%d}", types[i].precision)).Draw(t, "digits")
			if types[i].precision == 19 { // eight bytes do not hold them all
				digits = strings.Replace(digits, "9", "1", 1)
			}
			units[i], _ = new(big.Int).SetString(digits, 10)
		}
		op := rapid.SampledFrom([]string{"+", "-", "*", "/"}).Draw(t, "op")
		if units[1].Sign() == 0 || op == "/" && units[2].Sign() == 0 {
			return
		}
		quotient := types[0].result("/", types[1])
		whole := quotient.result(op, types[2])
		if whole.scale > 38 {
			return
		}
		// The quotient in units of its scale, cut.
		n := new(big.Int).Mul(units[0], power(quotient.scale+types[1].scale))
		n.Quo(n, new(big.Int).Mul(units[1], power(types[0].scale)))
		fits := n.CmpAbs(power(quotient.precision)) < 0
		want := new(big.Int)
		other := new(big.Int).Mul(units[2], power(whole.scale))
		other.Quo(other, power(types[2].scale))
		same := new(big.Int).Mul(n, power(whole.scale))
		same.Quo(same, power(quotient.scale))
		switch op {
		case "+":
			want.Add(same, other)
		case "-":
			want.Sub(same, other)
		case "*":
			want.Mul(n, units[2])
		case "/":
			want.Mul(n, power(whole.scale+types[2].scale))
			want.Quo(want, new(big.Int).Mul(units[2], power(quotient.scale)))
		}
		fits = fits && want.CmpAbs(power(whole.precision)) < 0
		columns := make([]string, len(types))
		for i, d := range types {
			columns[i] = fmt.Sprintf("(%s::decimal(38,0) * 1e-%d)::%v as c%d", units[i], d.scale, d, i)
		}
		query := fmt.Sprintf("select c0 / c1 %s c2 as a from (select %s) where 1 = 1", op, strings.Join(columns, ", "))
		rows, err := s.try(query)
		if !fits {
			if err == nil || !strings.Contains(err.Error(), "Numeric data overflow") {
				t.Fatalf("%s: %v %v, want an overflow of %v and %v", query, rows, err, quotient, whole)
			}
			return
		}
		if err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		got, ok := new(big.Int).SetString(strings.Replace(rows[0][0], ".", "", 1), 10)
		_, fraction, _ := strings.Cut(rows[0][0], ".")
		if !ok || got.Cmp(want) != 0 || len(fraction) != whole.scale {
			t.Fatalf("%s is %s, want %v in units of %v", query, rows[0][0], want, whole)
		}
	})
}

// someSQL draws queries of sales.
type someSQL struct{ *rapid.T }

func (g someSQL) oneOf(texts ...string) string { return rapid.SampledFrom(texts).Draw(g.T, "text") }

func (g someSQL) expression(deep int) string {
	if deep == 0 {
		return g.oneOf("salesid", "qtysold", "pricepaid", "s.commission", "listid", `"Rate"`, "share", "2", "3.50", "null", "saledate - date '2020-01-01'", "1::decimal(9,4)")
	}
	e := func() string { return g.expression(rapid.IntRange(0, deep-1).Draw(g.T, "deep")) }
	switch rapid.IntRange(0, 11).Draw(g.T, "kind") {
	case 0:
		return "(" + e() + ")"
	case 1:
		return "coalesce(" + e() + "," + e() + ")"
	case 2:
		return "case when " + e() + " > 1 then " + e() + " else " + e() + " end"
	case 3:
		return "cast(" + e() + "as decimal(20, 3))"
	case 4:
		return g.oneOf("abs(", "round(", "-(", "+ - (") + e() + ")"
	case 5:
		return "nullif(" + e() + ",0)"
	case 6:
		if deep > 1 {
			return "(select max(" + e() + ") from sales x where x.salesid = s.salesid)"
		}
		return e() + "::decimal(22,4)"
	default:
		return e() + g.oneOf(" + ", " - ", "*", " * ", " / ", "/", " / nullif(1, 0) / ") + e()
	}
}

func (g someSQL) query() string {
	a, b := g.expression(3), g.expression(2)
	switch rapid.IntRange(0, 10).Draw(g.T, "query") {
	case 0:
		return "select " + a + " as a, " + b + ", count(*), sum(" + b + ") from sales s where salesid = 1 group by " + a + "," + b
	case 1:
		return "select distinct " + a + " from sales s order by " + a
	case 8:
		return "select (" + a + ") * 2 / (" + b + "), ((" + a + ") * 2 + 1) * (" + b + ") from sales s group by (" + a + ") * 2, " + b
	case 9:
		return "select (select (" + a + ") / " + b + " from sales y where y.salesid = s.salesid limit 1) z, sum(1) from sales s group by 1 having count(*) / 2.0 > 0"
	case 2:
		return "select distinct " + a + " b, " + b + " from sales s order by " + b + ", b"
	case 3:
		return "select q.a / 2.0, q.b * 1.5 from (select " + a + " as a, sum(" + b + ") over (partition by " + b + ") as b from sales s) q where q.a / 3 < 5"
	case 4:
		return "with q as (select " + a + " as a from sales s), r as (select a / 7 as b, * from q) select b / a + 1, (select max(a) / 2 from q) from r order by b / nullif(a, 0)"
	case 5:
		return "select " + a + " as a from sales s union all select " + b + " from sales s union select top 2 1.5 order by 1"
	case 6:
		return "select x / 3 from (select " + a + " as x from sales s except select " + b + " from sales s) q group by x / 3 having max(x / 3) > 1"
	case 7:
		return "select " + a + ", rank() over (order by " + b + ") from sales s join sales t on t.pricepaid / s.salesid > " + g.oneOf("1", "t.commission / 3") + " where s.salesid in (select y.salesid / 2.0 from sales y)"
	default:
		return "select sum(" + a + ") / count(*), avg(" + b + ") / max(" + b + ") from sales s group by " + b + "/ 2.5 order by sum(" + a + ")"
	}
}

// TestTypesBreakNothing: a query that PostgreSQL takes without the types of its operands it takes with them, and with the types of
// what is made of it; but for what does not fit any more.
func TestTypesBreakNothing(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.run(sales)
	taken := 0
	rapid.Check(t, func(t *rapid.T) {
		query := someSQL{T: t}.query()
		st := dialect.Split(query)[0]
		env, tr, err := dialect.Inline(st, s.env, dialect.Translate(st, s.env), s.unknown)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.conn.Exec(s.Context(), tr.SQL).ReadAll(); err != nil {
			return
		}
		taken++
		for _, unloads := range []bool{false, true} {
			env.Unloads = unloads
			_, typed, err := dialect.Typing(st, env, dialect.Translate(st, env), s.types)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.conn.Exec(s.Context(), typed.SQL).ReadAll(); err != nil {
				if pe, ok := errors.AsType[*pgconn.PgError](err); !ok || pe.Code != "22003" && pe.Code != "22012" {
					t.Fatalf("%s\nbecame %s\n%v", query, typed.SQL, err)
				}
			}
		}
	})
	if taken == 0 {
		t.Error("no query was taken")
	}
	t.Log(taken, "queries were taken")
}

// TestNamesOfQuotients: a column that has no name gets the one that it gets with another operator.
func TestNamesOfQuotients(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.run(sales)
	named := func(expression string) string {
		s.run("drop table if exists made; create table made as select " + expression + " from sales")
		return s.run(`select "column" from pg_table_def where tablename = 'made'`)[0][0]
	}
	for _, expression := range []string{
		"(pricepaid / qtysold)::decimal(10,3)", "cast(pricepaid / qtysold as int)", "((pricepaid / qtysold))::decimal(10,2)::float8",
		"(pricepaid / qtysold)::varchar(20)", "case when qtysold > 3 then 1 else pricepaid / qtysold end", "case qtysold when 1 then pricepaid / qtysold end",
		"pricepaid / qtysold", "(pricepaid / qtysold)", "-(pricepaid / qtysold)", "pricepaid / qtysold + 1", "round(pricepaid / qtysold, 2)",
		"nvl(pricepaid / qtysold, 1)", "decode(qtysold, 1, pricepaid / qtysold, 2)", "(select pricepaid / qtysold)", "sum(pricepaid / qtysold) over ()",
	} {
		if got, want := named(expression), named(strings.ReplaceAll(expression, "/", "-")); got != want {
			t.Errorf("%s is called %s, not %s", expression, got, want)
		}
	}
}
