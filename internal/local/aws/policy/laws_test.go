package policy

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// generator makes policies of few words, so that requests meet them often.
type generator struct{ *rand.Rand }

func (g generator) pick(all ...string) string { return all[g.IntN(len(all))] }

// statement makes one statement; effect is "" for either.
func (g generator) statement(effect string, principals bool) string {
	if effect == "" {
		effect = g.pick("Allow", "Allow", "Deny")
	}
	parts := []string{fmt.Sprintf(`"Effect":%q`, effect)}
	if principals {
		element := "Principal"
		if effect == "Deny" && g.IntN(4) == 0 {
			element = "NotPrincipal"
		}
		parts = append(parts, fmt.Sprintf(`%q:%s`, element, g.pick(
			`"*"`, `{"AWS":"111111111111"}`, `{"AWS":"222222222222"}`, `{"AWS":"arn:aws:iam::111111111111:user/carlossalazar"}`,
			`{"AWS":["arn:aws:iam::111111111111:role/loader"]}`, `{"AWS":"arn:aws:sts::111111111111:assumed-role/loader/run-1"}`,
			`{"AWS":["111111111111","arn:aws:iam::111111111111:role/loader","arn:aws:sts::111111111111:assumed-role/loader/run-1"]}`,
			`{"Service":"redshift.amazonaws.com"}`)))
	}
	parts = append(parts,
		fmt.Sprintf(`%q:%s`, g.pick("Action", "Action", "Action", "NotAction"), g.pick(`"*"`, `"s3:*"`, `"s3:PutObject"`, `["s3:Get*","kms:Decrypt"]`)),
		fmt.Sprintf(`%q:%s`, g.pick("Resource", "Resource", "Resource", "NotResource"),
			g.pick(`"*"`, `"arn:aws:s3:::stage/*"`, `"arn:aws:s3:::stage/${aws:username, 'x'}/*"`, `"arn:aws:s3:::stage/run/part-000?"`)))
	if g.IntN(2) == 0 {
		operator := g.pick("", "", "ForAnyValue:", "ForAllValues:") + g.pick("StringEquals", "StringNotEquals", "StringLike", "ArnLike", "NumericLessThan",
			"Bool", "IpAddress", "NotIpAddress", "DateGreaterThan") + g.pick("", "IfExists")
		value := map[bool]string{true: `"arn:aws:iam::*:role/*"`, false: `"true"`}[strings.Contains(operator, "Arn")]
		switch {
		case strings.Contains(operator, "Numeric"):
			value = "1000"
		case strings.Contains(operator, "Ip"):
			value = `["10.0.0.0/8","::1"]`
		case strings.Contains(operator, "Date"):
			value = `"2026-01-01T00:00:00Z"`
		}
		key := g.pick("aws:SecureTransport", "aws:PrincipalArn", "aws:SourceIp", "s3:max-keys", "aws:TagKeys", "aws:CurrentTime")
		parts = append(parts, fmt.Sprintf(`"Condition":{%q:{%q:%s},"Null":{"aws:TagKeys":%s}}`, operator, key, value, g.pick("true", "false")))
	}
	return "{" + strings.Join(parts, ",") + "}"
}

func (g generator) list(principals bool) []string {
	var all []string
	for range 1 + g.IntN(3) {
		all = append(all, g.statement("", principals))
	}
	return all
}

// side is one kind of policies of a question, as text that statements can be added to.
type side struct {
	principals bool
	texts      []string // statements; none is no policy
}

func (g generator) request() Request {
	who := []Principal{
		{Account: home, ARN: carlos},
		{Account: home, ARN: session, RoleARN: roleARN},
		{Account: home, ARN: RootARN(home)},
		{Account: other, ARN: "arn:aws:iam::222222222222:user/eve"},
		{Services: []string{"redshift.amazonaws.com"}},
		{},
	}
	ctx := Context{}
	for key, values := range map[string][]string{
		"aws:securetransport": {"true"}, "aws:principalarn": {roleARN}, "aws:sourceip": {"10.1.2.3"}, "s3:max-keys": {"10"},
		"aws:tagkeys": {"true", "team"}, "aws:currenttime": {"2026-06-01T00:00:00Z"}, "aws:username": {"run"},
	} {
		if g.IntN(3) > 0 {
			ctx[key] = values
		}
	}
	return Request{
		Principal: who[g.IntN(len(who))], Action: g.pick("s3:PutObject", "s3:GetObject", "kms:Decrypt"),
		Resource: g.pick(putARN, "arn:aws:s3:::elsewhere/key"), Context: ctx,
	}
}

// FuzzDecide holds Decide to what is true of any policies: nothing outweighs a deny, another allow takes nothing away,
// another deny gives nothing. text is a policy of the fuzzer's own, which takes every part in turn.
func FuzzDecide(f *testing.F) {
	for seed := range uint64(200) {
		f.Add(seed, "")
	}
	f.Add(uint64(1), `{"Version":"2012-10-17","Statement":[`+allowPut+`]}`)
	f.Fuzz(func(t *testing.T, seed uint64, text string) {
		g := generator{rand.New(rand.NewPCG(seed, 7))}
		own, err := Parse([]byte(text))
		if err != nil {
			own = nil
		}
		sides := []side{{principals: false, texts: g.list(false)}, {principals: false}, {principals: true}}
		if g.IntN(2) == 0 {
			sides[1].texts = g.list(false)
		}
		if g.IntN(4) > 0 {
			sides[2].texts = g.list(true)
		}
		request, decides, granted := g.request(), g.IntN(2) == 0, g.IntN(8) == 0
		decide := func() (bool, string) {
			q := Question{Request: request, ResourceAccount: home, ResourceDecides: decides, Granted: granted}
			all := []*Document{nil, nil, nil}
			var told []string
			for i, s := range sides {
				if len(s.texts) > 0 {
					all[i] = statements(t, s.texts...)
					told = append(told, fmt.Sprint(i)+": "+all[i].String())
				}
			}
			q.Identity = []*Document{all[0]}
			if own != nil {
				q.Identity = append(q.Identity, own)
			}
			if all[1] != nil {
				q.Session = []*Document{all[1]}
				if own != nil {
					q.Session = append(q.Session, own)
				}
			}
			q.ResourcePolicy = all[2]
			return Decide(q).Allowed, strings.Join(told, "\n")
		}
		before, told := decide()
		for i := range sides {
			kept := sides[i].texts
			add := func(statement string) (bool, string) {
				sides[i].texts = append(append([]string{}, kept...), statement)
				after, now := decide()
				sides[i].texts = kept
				return after, now
			}
			// The first session policy is a limit, and so is not one more allow.
			if i != 1 || len(kept) > 0 {
				if after, now := add(g.statement("Allow", sides[i].principals)); before && !after {
					t.Errorf("an allow took away\n%+v\nbefore\n%s\nafter\n%s", request, told, now)
				}
			}
			if after, now := add(g.statement("Deny", sides[i].principals)); !before && after {
				t.Errorf("a deny gave\n%+v\nbefore\n%s\nafter\n%s", request, told, now)
			}
			all := `{"Effect":"Deny","Action":"*","Resource":"*"}`
			if sides[i].principals {
				all = `{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}`
			}
			if after, now := add(all); after {
				t.Errorf("allowed in spite of a deny\n%+v\n%s", request, now)
			}
		}
	})
}
