package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sealift/sealift/internal/permission"
	"github.com/sealift/sealift/internal/show"
)

// FixSQL writes the statements that give what is missing in the databases, and nothing else; "" where nothing is.
func FixSQL(results []Result) string {
	var b strings.Builder
	for _, side := range []string{"source", "target"} {
		var seen []string
		for _, r := range results {
			if r.State != Missing || r.Side != side || len(r.SQL) == 0 {
				continue
			}
			if len(seen) == 0 {
				fmt.Fprintf(&b, "-- In the database of the %s, as a superuser.\n", side)
			}
			b.WriteString("\n")
			comment(&b, "-- ", r.What+because(r))
			for _, sql := range r.SQL {
				if !slices.Contains(seen, sql) {
					b.WriteString(sql + "\n")
				}
				seen = append(seen, sql)
			}
		}
		if len(seen) > 0 {
			b.WriteString("\n")
		}
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func because(r Result) string {
	if r.Reason == "" {
		return ""
	}
	return ": " + r.Reason
}

func comment(b *strings.Builder, mark, text string) {
	for _, line := range show.Wrap(show.Safe(text), show.Width-len(mark)) {
		b.WriteString(mark + line + "\n")
	}
}

// FixCloudFormation writes a template of the policies that are missing, and nothing else; "" where none is. What a template cannot
// change, because it belongs to what is there already, stands in comments.
func FixCloudFormation(results []Result) string {
	var lines, notes strings.Builder
	var accounts, seen []string
	for _, r := range results {
		for _, p := range r.Policies {
			id := p.Kind + " " + p.To + " " + string(p.Document)
			if r.State != Missing || slices.Contains(seen, id) {
				continue
			}
			seen = append(seen, id)
			if p.Kind != "identity" {
				notes.WriteString("#\n")
				comment(&notes, "# ", fmt.Sprintf("NOT HERE, for %s: %s needs, beside what it has:", r.What, kinds[p.Kind]+" "+p.To))
				for line := range strings.Lines(string(p.Document)) {
					notes.WriteString("#   " + strings.TrimRight(line, "\n") + "\n")
				}
				continue
			}
			account := permission.Account(p.To)
			if !slices.Contains(accounts, account) {
				accounts = append(accounts, account)
			}
			kind, name := "Role", permission.Role{ARN: p.To}
			if name.IsUser() {
				kind = "User"
			}
			comment(&lines, "  # ", r.What+because(r))
			fmt.Fprintf(&lines, "  Missing%d:\n    Type: AWS::IAM::%sPolicy\n    Condition: In%s\n    Properties:\n      %sName: %s\n      PolicyName: sealift-missing-%d\n      PolicyDocument:\n",
				len(seen), kind, account, kind, name.Name(), len(seen))
			for line := range strings.Lines(string(p.Document)) {
				lines.WriteString("        " + strings.TrimRight(line, "\n") + "\n")
			}
		}
	}
	if len(seen) == 0 {
		return ""
	}
	var b strings.Builder
	comment(&b, "# ", "What sealift check found missing in AWS. Of a refusal AWS does not always say which policy is short: all that would let it pass are here.")
	b.WriteString(notes.String())
	if lines.Len() == 0 {
		return b.String()
	}
	b.WriteString("AWSTemplateFormatVersion: \"2010-09-09\"\nDescription: What sealift check found missing\nConditions:\n")
	for _, account := range accounts {
		fmt.Fprintf(&b, "  In%s: {\"Fn::Equals\": [{Ref: \"AWS::AccountId\"}, \"%s\"]}\n", account, account)
	}
	b.WriteString("Resources:\n" + lines.String())
	return b.String()
}

// kinds are the policies that stand at what they speak of.
var kinds = map[string]string{"trust": "the trust policy of", "bucket": "the bucket policy of", "key": "the key policy of"}
