package scan_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/sealift/sealift/internal/scan"
)

func TestTokens(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"first_name": "first name", "firstName": "first name", "IPAddress": "ip address", "client_ip": "client ip", "addr_ln_1": "address line", "address2": "address", "E_MAIL": "email",
		"customeremail": "customer email", "homephone": "home phone", "userid": "user id", "cust_nm": "customer name", "venuename": "venue name", "passport_no": "passport number",
		"pricepaid": "pricepaid", "latest": "latest", "mileage": "mileage", "timeline": "timeline", "Straße": "straße", "___": "", "a1b2": "a b", "XMLHttpRequest": "xml http request",
	} {
		if got := strings.Join(scan.Tokens(name), " "); got != want {
			t.Errorf("%q: %q, not %q", name, got, want)
		}
	}
}

// One column each, with nothing known of values: what the name and the type say.
func TestNames(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		table, column string
		class         scan.Class
		result        scan.Result
	}{
		{"crm.customers", "email varchar(100)", scan.Email, scan.Sensitive},
		{"crm.customers", "email boolean", "", scan.Clear},
		{"crm.customers", "email_verified varchar(5)", "", scan.Clear},
		{"crm.customers", "email_sent_count varchar(10)", "", scan.Clear},
		{"crm.customers", "has_email varchar(3)", "", scan.Clear},
		{"crm.customers", "email_hash varchar(64)", "", scan.Clear},
		{"crm.customers", "name varchar(100)", scan.Name, scan.Review},
		{"sales.products", "name varchar(100)", "", scan.Clear},
		{"sales.orders", "product_name varchar(100)", "", scan.Clear},
		{"sales.orders", "customer_name varchar(100)", scan.Name, scan.Sensitive},
		{"ops.files", "file_name varchar(100)", "", scan.Clear},
		{"ops.things", "host_name varchar(100)", "", scan.Clear},
		{"crm.customers", "city varchar(50)", scan.Address, scan.Review},
		{"dim.airports", "city varchar(50)", "", scan.Clear},
		{"crm.customers", "address_id integer", "", scan.Clear},
		{"crm.customers", "email_id varchar(100)", scan.Email, scan.Sensitive},
		{"x.y", "ssn integer", scan.NationalID, scan.Sensitive},
		{"x.y", "dob date", scan.Birth, scan.Sensitive},
		{"x.y", "password varchar(100)", scan.Secret, scan.Sensitive},
		{"x.y", "password_changed_at timestamp", "", scan.Clear},
		{"x.y", "payload super", scan.FreeText, scan.Review},
		{"x.y", "notes varchar(20)", "", scan.Clear},
		{"x.y", "notes varchar(2000)", scan.FreeText, scan.Review},
		{"hr.people", "marital_status varchar(10)", scan.Special, scan.Sensitive},
		{"x.y", "deployed_by varchar(50)", scan.Name, scan.Review},
	} {
		got := scan.Finding{Result: scan.Clear}
		if found := scan.New(define(t, c.table, c.column), 0).Findings(); len(found) > 0 {
			got = found[0]
		}
		if got.Class != c.class || got.Result != c.result {
			t.Errorf("%s in %s: %q, %s; not %q, %s", c.column, c.table, got.Class, got.Result, c.class, c.result)
		}
	}
}

// A table is one of people if several of its columns can be about nothing else, whatever it is called.
func TestNeighbours(t *testing.T) {
	t.Parallel()
	alone := scan.New(define(t, "x.y", "city varchar(50)", "amount integer"), 0).Findings()
	among := scan.New(define(t, "x.y", "city varchar(50)", "email varchar(100)", "dob date"), 0).Findings()
	if len(alone) != 0 || len(among) != 3 {
		t.Errorf("alone %v, among others %v", alone, among)
	}
}

func TestEveryPhraseMeansSomething(t *testing.T) {
	t.Parallel()
	used, known := scan.Kinds()
	for _, k := range used {
		if !slices.Contains(known, k) {
			t.Errorf("a phrase means %q, which there is not", k)
		}
	}
}

// Values of the standards' own pages and of the numbers' issuers.
func TestChecks(t *testing.T) {
	t.Parallel()
	for check, values := range map[string]struct{ pass, fail []string }{
		"card":   {[]string{"4111111111111111", "5555 5555 5555 4444", "378282246310005", "6011-1111-1111-1117", "3530111333300000"}, []string{"4111111111111112", "1234567812345670", "411111111111", "0000000000000000"}},
		"iban":   {[]string{"GB82WEST12345698765432", "DE89 3704 0044 0532 0130 00", "FR1420041010050500013M02606", "NO9386011117947"}, []string{"GB82WEST12345698765431", "DE88370400440532013000", "gb82west12345698765432"}},
		"ssn":    {[]string{"536-90-4399"}, []string{"078-05-1120", "219-09-9999", "666-12-3456", "000-12-3456", "900-12-3456", "536-00-4399", "536-90-0000"}},
		"ssn9":   {[]string{"536904399"}, []string{"078051120", "936904399"}},
		"aba":    {[]string{"021000021", "011401533", "091000019"}, []string{"021000022", "500000005"}},
		"nhs":    {[]string{"943 476 5919", "9434765919"}, []string{"943 476 5918", "0000000001"}},
		"npi":    {[]string{"1234567893"}, []string{"1234567890", "3234567893"}},
		"cpf":    {[]string{"529.982.247-25", "11144477735"}, []string{"529.982.247-26", "11111111111"}},
		"pesel":  {[]string{"44051401359"}, []string{"44051401358", "44991401359"}},
		"bsn":    {[]string{"111222333"}, []string{"111222334", "000000000"}},
		"sin":    {[]string{"130 692 544"}, []string{"130 692 545", "046 454 286"}}, // numbers that begin with 0 are given to nobody
		"imei":   {[]string{"490154203237518"}, []string{"490154203237517"}},
		"email":  {[]string{"ada@example.org", "a.b+c@sub.example.co.uk"}, []string{"ada@example", "@example.org", "ada example.org", "ada@@example.org"}},
		"ipv4":   {[]string{"192.0.2.17", "198.51.100.4"}, []string{"1.2.3.4", "256.100.1.1", "255.255.255.0", "192.0.2"}},
		"ipv6":   {[]string{"2001:db8::1", "::ffff", "fe80::1"}, []string{"12:30:45", "2001:db8"}},
		"mac":    {[]string{"00:1b:63:84:45:e6", "00-1B-63-84-45-E6"}, []string{"00:1b:63:84:45", "001b638445e6"}},
		"uuid":   {[]string{"550e8400-e29b-41d4-a716-446655440000"}, []string{"550e8400e29b41d4a716446655440000"}},
		"phone":  {[]string{"+49 30 1234567", "(212) 555-0147", "212-555-0147", "030 1234567"}, []string{"2125550147", "2024-01-15", "12-345-678"}},
		"nanp":   {[]string{"2125550147", "12125550147"}, []string{"1115550147", "2129110147", "9112223333"}},
		"names":  {[]string{"Mary Oxenford", "Quux Smith", "SMITH, MARY"}, []string{"Green Tea", "Running Shoe"}},
		"birth":  {[]string{"1985-03-02", "03/02/1985", "19850302"}, []string{"2024-03-02", "20240302", "1850-01-01"}},
		"inside": {[]string{"please write to me at ada@example.org or so", "you can reach me on (212) 555-0147 from nine on"}, []string{"the box came on 2024-01-15 and was as good as new"}},
	} {
		for _, v := range values.pass {
			if !scan.Passes(check, v, false) {
				t.Errorf("%s: %q does not pass", check, v)
			}
		}
		for _, v := range values.fail {
			if scan.Passes(check, v, false) {
				t.Errorf("%s: %q passes", check, v)
			}
		}
	}
	for check, v := range map[string]string{"email": "ada@example.cmo", "iban": "DE1012345678901", "ipv6": "::fffff:1:2", "phone": "+1 2345678901234567"} {
		if scan.Passes(check, v, true) {
			t.Errorf("%s: %q passes the stricter rule", check, v)
		}
	}
}

// What is asked holds no more of a table than its names, and each question has a row of numbers as its answer.
func TestQuestions(t *testing.T) {
	t.Parallel()
	def := define(t, `"odd ""one"."ta'b\le"`, `a"b varchar(100)`, "c integer", "d super")
	def.EstimatedRows = 1_000_000_000
	s := scan.New(def, 10_000)
	q := s.Shapes()
	if len(q) != 1 || !strings.Contains(q[0].SQL.String(), "ABS(MOD(FNV_HASH(") || !strings.Contains(q[0].SQL.String(), "1000000)) < 10\n") {
		t.Errorf("%v", q)
	}
	one, text := "1", "x"
	if err := q[0].Read([]*string{&one}); err == nil {
		t.Error("one field is an answer")
	}
	if err := q[0].Read(slices.Repeat([]*string{&text}, len(strings.Split(q[0].SQL.String(), "SUM(")))); err == nil || strings.Contains(err.Error(), text+"\"") {
		t.Errorf("a text is a number: %v", err)
	}
	def.EstimatedRows = 100
	if small := scan.New(def, 10_000).Shapes()[0].SQL.String(); strings.Contains(small, "FNV_HASH") {
		t.Errorf("a small table is sampled: %s", small)
	}
	if q := scan.New(define(t, "x.y", "a boolean", "b timestamp"), 0).Shapes(); len(q) != 0 {
		t.Errorf("%v", q)
	}
}

// Every suggestion can be used: it is held against the column as it is defined.
func TestSuggestions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		columns []string
		unique  bool
		want    string
	}{
		{[]string{"email varchar(100)"}, false, "email map[]"},
		{[]string{"email varchar(22)"}, false, "email map[length:8]"},
		{[]string{"email varchar(10)"}, false, "hash_hex map[length:8]"},
		{[]string{"first_name varchar(40) not null"}, false, "first_name map[]"},
		{[]string{"first_name char(1)"}, false, "null map[]"},
		{[]string{"first_name char(1) not null"}, false, "constant map[value:x]"},
		{[]string{"password varchar(60) not null"}, false, "constant map[value:redacted]"},
		{[]string{"dob date not null"}, false, "date_trunc map[to:year]"},
		{[]string{"ssn char(11)"}, false, "ssn map[]"},
		{[]string{"ssn bigint not null"}, false, "hash_int map[hi:999999999 lo:900000000]"},
		{[]string{"salary decimal(12,2) not null"}, false, "num_noise map[basis_points:1000]"},
		{[]string{"payload super"}, false, "null map[]"},
		{[]string{"payload super not null"}, false, " map[]"}, // nothing fits
		{[]string{"street varchar(60)", "id bigint not null"}, false, "street map[]"},
	} {
		def := define(t, "crm.customers", c.columns...)
		found := scan.New(def, 0).Findings()
		if len(found) == 0 {
			t.Errorf("%v: nothing is found", c.columns)
			continue
		}
		u := found[0].Use
		options := make([]string, 0, len(u.Options))
		for k, v := range u.Options {
			options = append(options, k+":"+fmt.Sprint(v))
		}
		slices.Sort(options)
		if got := u.Transformer + " map[" + strings.Join(options, " ") + "]"; got != c.want {
			t.Errorf("%v: %s, not %s", c.columns, got, c.want)
		}
	}
}
