package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// unkindness is a way in which the real services are less kind than a stand-in is tempted to be. Each must have a test;
// until says what has to be imitated first.
type unkindness struct {
	what  string
	until string
}

// unkindnesses are numbered from 1: the directive for the first is "unkindness 1: ...".
var unkindnesses = []unkindness{
	{what: "PRIMARY KEY, UNIQUE and FOREIGN KEY are recorded, never enforced"},
	{what: "`standard_conforming_strings` is off and never reported; `client_encoding` is reported in Redshift's own spelling"},
	{what: "COPY and UNLOAD in autocommit outlive their client; inside a transaction they roll back"},
	{what: "both isolation levels: SERIALIZABLE with error 1023, and SNAPSHOT"},
	{what: "catalogs are read read-committed, also inside a transaction"},
	{what: "COPY cuts decimals where INSERT rounds them"},
	{what: "blanks at the end of a text do not count when it is compared"},
	{what: "a text is cut at NUL"},
	{what: "UNLOAD escapes after it has put in the NULL text"},
	{what: "COPY by prefix takes every key that begins so; entries of a manifest are optional unless marked mandatory"},
	{what: "a failed UNLOAD leaves its files; a manifest without VERBOSE has no row counts"},
	{what: "TRUNCATE and ALTER TABLE APPEND commit"},
	{what: "explicit values of an IDENTITY column do not move its counter"},
	{what: "names fold to lower case, in quotes too, and are cut at 127 bytes"},
	{what: "the text of every statement is kept, and can be searched for secrets"},
	{what: "a session whose client is gone lingers, and STV_SESSIONS shows it"},
	{what: "EC2: revoking in the default VPC does nothing, duplicates, delays, 60 rules, tracked connections"},
	{what: "IAM and KMS grants: what was changed shows late, and calls are throttled"},
	{what: "S3: versions, delete markers, unfinished uploads, 503 SlowDown, bucket owner, conditional writes"},
	{what: "STS: one hour for chained roles, external ids"},
	{what: "the metadata service of version 1 answers"},
}

// unkindNumber reads N from the area "unkindness N".
func unkindNumber(area string) (int, bool) {
	digits, ok := strings.CutPrefix(area, "unkindness ")
	if !ok {
		return 0, false
	}
	n, err := strconv.Atoi(digits)
	return n, err == nil
}

// unkindTable lists the unkindnesses, each with the tests that show it.
func unkindTable(features []feature) string {
	var b strings.Builder
	b.WriteString("| | unkindness | shown by |\n|---|---|---|\n")
	for i, u := range unkindnesses {
		var tests []string
		for _, f := range features {
			if n, ok := unkindNumber(f.area); ok && n == i+1 {
				for _, link := range f.testLinks() {
					if f.verdict == "differs" {
						link = "differs, " + cell(strings.Join(f.hows, "; ")) + ": " + link // kinder than the real one, and said so
					}
					if !slices.Contains(tests, link) { // one test may show several sides of it
						tests = append(tests, link)
					}
				}
			}
		}
		shown := strings.Join(tests, ", ")
		switch {
		case shown == "" && u.until != "":
			shown = "comes with " + u.until + ", which is not imitated yet"
		case shown == "":
			shown = "no test yet"
		}
		fmt.Fprintf(&b, "| %d | %s | %s |\n", i+1, u.what, shown)
	}
	return b.String()
}
